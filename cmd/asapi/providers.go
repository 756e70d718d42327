package main

import (
	"strings"
	"time"

	"asapi/internal/outbound"
	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/anilist"
	"asapi/tasks/tracker/live"
	"asapi/tasks/tracker/mangadex"
	"asapi/tasks/tracker/mangaupdates"
	"asapi/tasks/tracker/myanimelist"
	"asapi/tasks/tracker/vndb"
	"asapi/worker/pace"
)

// providerTimeout bounds a request to a provider with its answer.
const providerTimeout = 45 * time.Second

// providers say how the providers of lists are reached.
type providers struct {
	ProviderTasks int    `help:"Tasks that may be at work with one provider at the same time, on all workers together." default:"4"`
	AnilistURL    string `help:"Address of AniList's API." default:"https://graphql.anilist.co" placeholder:"URL"`

	MyanimelistURL          string `help:"Address of MyAnimeList's API." default:"https://api.myanimelist.net/v2" placeholder:"URL"`
	MyanimelistSignInURL    string `help:"Address of MyAnimeList's sign-in." default:"https://myanimelist.net/v1/oauth2" placeholder:"URL"`
	MyanimelistClientID     string `help:"Id of this installation as an application of MyAnimeList; default: none, credentials bring their own." placeholder:"ID"`
	MyanimelistClientSecret string `help:"Secret of that application, where it has one." placeholder:"SECRET"`

	MangadexURL       string `help:"Address of MangaDex' API." default:"https://api.mangadex.org" placeholder:"URL"`
	MangadexSignInURL string `help:"Address of MangaDex' sign-in." default:"https://auth.mangadex.org/realms/mangadex/protocol/openid-connect" placeholder:"URL"`

	VndbURL         string `help:"Address of VNDB's API." default:"https://api.vndb.org/kana" placeholder:"URL"`
	MangaupdatesURL string `help:"Address of MangaUpdates' API." default:"https://api.mangaupdates.com/v1" placeholder:"URL"`
}

// lives makes the adapters of all providers.
func (o *providers) lives(pacer tasks.Pacer) (tracker.Lives, error) {
	out := tracker.Lives{Pacer: pacer, Most: o.ProviderTasks}
	if o.ProviderTasks <= 0 {
		return out, configError("ASAPI_PROVIDER_TASKS", "(--provider-tasks) must be above 0")
	}
	agent := "asapi/" + strings.Trim(strings.Fields(version())[0], "()")
	for _, p := range []struct {
		variable, flag string
		bases          []string
		rates          []tasks.Rate
		make           func(live.Config) (tracker.Live, error)
	}{
		{"ASAPI_ANILIST_URL", "anilist-url", []string{o.AnilistURL}, anilist.Rates, func(c live.Config) (tracker.Live, error) { return anilist.NewLive(c) }},
		{"ASAPI_MYANIMELIST_URL", "myanimelist-url", []string{o.MyanimelistURL, o.MyanimelistSignInURL}, myanimelist.Rates, func(c live.Config) (tracker.Live, error) {
			return myanimelist.NewLive(c, myanimelist.Application{ID: o.MyanimelistClientID, Secret: o.MyanimelistClientSecret})
		}},
		{"ASAPI_MANGADEX_URL", "mangadex-url", []string{o.MangadexURL, o.MangadexSignInURL}, mangadex.Rates, func(c live.Config) (tracker.Live, error) { return mangadex.NewLive(c) }},
		{"ASAPI_VNDB_URL", "vndb-url", []string{o.VndbURL}, vndb.Rates, func(c live.Config) (tracker.Live, error) { return vndb.NewLive(c) }},
		{"ASAPI_MANGAUPDATES_URL", "mangaupdates-url", []string{o.MangaupdatesURL}, mangaupdates.Rates, func(c live.Config) (tracker.Live, error) { return mangaupdates.NewLive(c) }},
	} {
		client, err := outbound.To(outbound.Config{Timeout: providerTimeout}, p.bases...)
		if err != nil {
			return out, configError(p.variable, "(--%s): %w", p.flag, err)
		}
		adapter, err := p.make(live.Config{Bases: p.bases, HTTP: client, Pacer: pacer, Rates: p.rates, UserAgent: agent})
		if err != nil {
			return out, configError(p.variable, "(--%s): %w", p.flag, err)
		}
		out.List = append(out.List, adapter)
	}
	return out, nil
}

// newPacer keeps the pace for all processes that share a Redis.
func (p *parts) newPacer() tasks.Pacer { return pace.New(p.redis) }
