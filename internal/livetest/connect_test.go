package livetest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"asapi/internal/testprovider"
	alfake "asapi/internal/testprovider/anilist"
	malfake "asapi/internal/testprovider/myanimelist"
	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/anilist"
	"asapi/tasks/tracker/myanimelist"
)

const comeBack = "https://asapi.example/connect/callback"

// gate is a provider whose pages sign users in.
type gate struct {
	*bench
	provider tracker.Provider
	site     *testprovider.Gate
	declines *bool
	// registered makes the adapter, as the application with that secret.
	registered func(secret string) tracker.Connector
}

func anilistGate(b *bench) *gate {
	site := alfake.New()
	site.Now = b.clock.Now
	site.Add(anilistToken, &alfake.User{Name: "alice"})
	cfg := b.serve(site.Handler(), anilist.Rates)
	cfg.Bases = append(cfg.Bases, cfg.Bases[0]+"/api/v2/oauth")
	return &gate{b, tracker.AniList, &site.Gate, &site.Declines, func(secret string) tracker.Connector {
		adapter, err := anilist.NewLive(cfg, anilist.Application{ID: alfake.ClientID, Secret: secret})
		b.must(err)
		return adapter
	}}
}

func malGate(b *bench) *gate {
	site := malfake.New()
	site.Now, site.Secret = b.clock.Now, "right"
	site.Add("alice")
	cfg := b.serve(site.Handler(), myanimelist.Rates)
	cfg.Bases = []string{cfg.Bases[0] + "/v2", cfg.Bases[0] + "/v1/oauth2"}
	return &gate{b, tracker.MyAnimeList, &site.Gate, &site.Declines, func(secret string) tracker.Connector {
		adapter, err := myanimelist.NewLive(cfg, myanimelist.Application{ID: malfake.ClientID, Secret: secret})
		b.must(err)
		return adapter
	}}
}

// signIn sends a user to the provider's pages and gives what it comes to.
func (g *gate) signIn(secret string) error {
	g.t.Helper()
	c := tracker.NewConnections(g.library, []tracker.Live{g.registered(secret)})
	address, err := c.Begin(tasks.Caller{Client: tasks.Client{ID: g.client}}, "alice", g.provider, comeBack)
	g.must(err)
	r, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, address, nil)
	g.must(err)
	answer, err := http.DefaultTransport.RoundTrip(r)
	g.must(err)
	g.must(answer.Body.Close())
	back, err := url.Parse(answer.Header.Get("Location"))
	g.must(err)
	q := back.Query()
	_, err = c.Finish(g.t.Context(), tracker.Return{State: q.Get("state"), Code: q.Get("code"), Fault: q.Get("error")})
	return err
}

func TestEachStepOfASignInThatGoesWrongHasASentence(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		open   func(*bench) *gate
		secret string
	}{"anilist": {anilistGate, alfake.ClientSecret}, "myanimelist": {malGate, "right"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := c.open(newBench(t))
			said := func(err error, code tasks.Code, want string) {
				t.Helper()
				if tasks.CodeOf(err) != code || !strings.Contains(err.Error(), want) {
					t.Errorf("it is told as %v, want %q", err, want)
				}
				g.secretless([]string{c.secret, "a wrong secret", "code-"}, err.Error())
			}
			said(g.signIn("a wrong secret"), tasks.CodeUnauthorized, "Tell whoever runs this server")
			*g.declines = true
			said(g.signIn(c.secret), tasks.CodeUnauthorized, "You did not allow it")
			*g.declines = false
			g.site.SetPlan(func(n int, _ *http.Request) testprovider.Trouble {
				if n > 1 { // the page itself works
					return testprovider.Broken
				}
				return testprovider.None
			})
			said(g.signIn(c.secret), tasks.CodeUnavailable, "begin anew in a while")
			if _, err := g.library.Credentials(t.Context(), g.client, "users/alice", g.provider); tasks.CodeOf(err) != tasks.CodeNotFound {
				t.Errorf("something was stored: %v", err)
			}
			g.site.SetPlan(nil)
			g.must(g.signIn(c.secret))
			kept, err := g.library.Credentials(t.Context(), g.client, "users/alice", g.provider)
			if err != nil || kept["token"] == "" {
				t.Errorf("nothing was stored: %v", err)
			}
			g.secretless([]string{kept["token"], c.secret})
		})
	}
}
