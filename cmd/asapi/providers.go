package main

import (
	"strings"
	"time"

	"asapi/internal/outbound"
	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/anidb"
	"asapi/tasks/tracker/anilist"
	"asapi/tasks/tracker/live"
	"asapi/tasks/tracker/mangadex"
	"asapi/tasks/tracker/mangaupdates"
	"asapi/tasks/tracker/myanimelist"
	"asapi/tasks/tracker/vndb"
	"asapi/worker/cache"
	"asapi/worker/pace"
)

// providerTimeout bounds a request to a provider with its answer.
const providerTimeout = 45 * time.Second

// providers say how the providers of lists are reached.
type providers struct {
	ProviderTasks int `help:"Tasks that may be at work with one provider at the same time, on all workers together." default:"4"`

	AnilistURL          string `help:"Address of AniList's API." default:"https://graphql.anilist.co" placeholder:"URL"`
	AnilistSignInURL    string `help:"Address of AniList's sign-in." default:"https://anilist.co/api/v2/oauth" placeholder:"URL"`
	AnilistClientID     string `help:"Id of this installation as an application of AniList; default: none, users bring access tokens." placeholder:"ID"`
	AnilistClientSecret string `help:"Secret of that application." placeholder:"SECRET"`

	MyanimelistURL          string `help:"Address of MyAnimeList's API." default:"https://api.myanimelist.net/v2" placeholder:"URL"`
	MyanimelistSignInURL    string `help:"Address of MyAnimeList's sign-in." default:"https://myanimelist.net/v1/oauth2" placeholder:"URL"`
	MyanimelistClientID     string `help:"Id of this installation as an application of MyAnimeList; default: none, credentials bring their own." placeholder:"ID"`
	MyanimelistClientSecret string `help:"Secret of that application, where it has one." placeholder:"SECRET"`

	MangadexURL       string `help:"Address of MangaDex' API." default:"https://api.mangadex.org" placeholder:"URL"`
	MangadexSignInURL string `help:"Address of MangaDex' sign-in." default:"https://auth.mangadex.org/realms/mangadex/protocol/openid-connect" placeholder:"URL"`

	VndbURL         string `help:"Address of VNDB's API." default:"https://api.vndb.org/kana" placeholder:"URL"`
	MangaupdatesURL string `help:"Address of MangaUpdates' API." default:"https://api.mangaupdates.com/v1" placeholder:"URL"`

	AnidbURL         string `help:"Address of AniDB's HTTP API, from which lists are read." default:"http://api.anidb.net:9001/httpapi" placeholder:"URL"`
	AnidbUDPAddress  string `name:"anidb-udp-address" help:"Host and port of AniDB's UDP API, to which lists are written." default:"api.anidb.net:9000" placeholder:"HOST:PORT"`
	AnidbUDPPort     int    `name:"anidb-udp-port" help:"Port that datagrams to AniDB leave from; 0: one that the system gives, always the same while the process lives." default:"0"`
	AnidbClient      string `help:"Name and version of the client that is registered at AniDB for this installation, such as myclient/1; default: none, and AniDB cannot be used." placeholder:"NAME/VERSION"`
	AnidbUDPClient   string `name:"anidb-udp-client" help:"The same for AniDB's UDP API; default: that of --anidb-client." placeholder:"NAME/VERSION"`
	AnidbListsPerDay int    `help:"How often a user's list at AniDB may be read in a day." default:"4"`
}

// lives makes the adapters of all providers.
func (o *providers) lives(pacer tasks.Pacer, cache tasks.Cache) (tracker.Lives, error) {
	out := tracker.Lives{Pacer: pacer, Most: o.ProviderTasks}
	if o.ProviderTasks <= 0 {
		return out, configError("ASAPI_PROVIDER_TASKS", "(--provider-tasks) must be above 0")
	}
	titles, err := o.anidb(cache)
	if err != nil {
		return out, err
	}
	agent := "asapi/" + strings.Trim(strings.Fields(version())[0], "()")
	for _, p := range []struct {
		variable, flag string
		bases          []string
		rates          []tasks.Rate
		make           func(live.Config) (tracker.Live, error)
	}{
		{"ASAPI_ANILIST_URL", "anilist-url", []string{o.AnilistURL, o.AnilistSignInURL}, anilist.Rates, func(c live.Config) (tracker.Live, error) {
			return anilist.NewLive(c, anilist.Application{ID: o.AnilistClientID, Secret: o.AnilistClientSecret})
		}},
		{"ASAPI_MYANIMELIST_URL", "myanimelist-url", []string{o.MyanimelistURL, o.MyanimelistSignInURL}, myanimelist.Rates, func(c live.Config) (tracker.Live, error) {
			return myanimelist.NewLive(c, myanimelist.Application{ID: o.MyanimelistClientID, Secret: o.MyanimelistClientSecret})
		}},
		{"ASAPI_MANGADEX_URL", "mangadex-url", []string{o.MangadexURL, o.MangadexSignInURL}, mangadex.Rates, func(c live.Config) (tracker.Live, error) { return mangadex.NewLive(c) }},
		{"ASAPI_VNDB_URL", "vndb-url", []string{o.VndbURL}, vndb.Rates, func(c live.Config) (tracker.Live, error) { return vndb.NewLive(c) }},
		{"ASAPI_MANGAUPDATES_URL", "mangaupdates-url", []string{o.MangaupdatesURL}, mangaupdates.Rates, func(c live.Config) (tracker.Live, error) { return mangaupdates.NewLive(c) }},
		{"ASAPI_ANIDB_URL", "anidb-url", []string{o.AnidbURL}, anidb.Rates, func(c live.Config) (tracker.Live, error) { return anidb.NewLive(c, titles) }},
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

// anidb gives what its adapter needs besides.
func (o *providers) anidb(cache tasks.Cache) (options anidb.Options, err error) {
	options = anidb.Options{ListsPerDay: o.AnidbListsPerDay, Cache: cache}
	if options.Client, err = anidb.ParseClient(o.AnidbClient); err != nil {
		return options, configError("ASAPI_ANIDB_CLIENT", "(--anidb-client) %w", err)
	}
	if options.Datagrams, err = anidb.ParseClient(o.AnidbUDPClient); err != nil {
		return options, configError("ASAPI_ANIDB_UDP_CLIENT", "(--anidb-udp-client) %w", err)
	}
	if o.AnidbUDPClient == "" {
		options.Datagrams = options.Client
	}
	if o.AnidbListsPerDay <= 0 {
		return options, configError("ASAPI_ANIDB_LISTS_PER_DAY", "(--anidb-lists-per-day) must be above 0")
	}
	way, err := outbound.ToDatagrams(outbound.Config{}, o.AnidbUDPAddress, o.AnidbUDPPort)
	if err != nil {
		return options, configError("ASAPI_ANIDB_UDP_ADDRESS", "(--anidb-udp-address, with --anidb-udp-port): %w", err)
	}
	options.Dial = way.Dial
	return options, nil
}

// newCache keeps what providers told, for all processes that share a Redis.
func (p *parts) newCache() tasks.Cache { return cache.New(p.redis) }

// newPacer keeps the pace for all processes that share a Redis.
func (p *parts) newPacer() tasks.Pacer { return pace.New(p.redis) }
