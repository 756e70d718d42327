package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"asapi/internal/testprovider"
	"asapi/internal/testprovider/anidb"
	"asapi/internal/testprovider/anilist"
	"asapi/internal/testprovider/mangadex"
	"asapi/internal/testprovider/mangaupdates"
	"asapi/internal/testprovider/myanimelist"
	"asapi/internal/testprovider/vndb"
)

// fakes are stand-ins for providers, so that everything can be tried offline. Their
// lists begin anew with each start.
type fakes struct {
	servers []part
	notes   strings.Builder
}

// demoToken is what signs in to the stand-ins for AniList, MangaDex, MangaUpdates and VNDB.
const demoToken = "demo.alice.token"

// anidbShows is how many shows the stand-in for AniDB has on the list: two seconds are
// spent on each, as AniDB wants it.
const anidbShows = 3

// startFakes starts stand-ins on loopback and has the adapters reach those.
func (o *providers) startFakes(ctx context.Context) (*fakes, error) {
	f := &fakes{}
	f.notes.WriteString("\nStand-ins take the place of providers; each has lists of a user alice. To sign in:\n\n")
	site := anilist.New()
	user := site.Add(demoToken, &anilist.User{Name: "alice", Custom: []string{"Best"}})
	mal := myanimelist.New()
	malUser, access, refresh := mal.Add("alice")
	novels := vndb.New()
	reader := novels.Add(demoToken, "u1")
	updates := mangaupdates.New()
	follower := updates.Add("alice", demoToken)
	shows := anidb.New()
	viewer := shows.Add("alice", demoToken)
	dex := mangadex.New()
	dexUser := dex.Add("alice", demoToken)
	for i := 1; i <= 25; i++ {
		title := fmt.Sprintf("A Made-up Show, Part %d", i)
		site.Put(user, anilist.Media{ID: i, MAL: 1000 + i, Type: "ANIME", Format: "TV", Title: title, Episodes: 12}, anilist.Entry{Status: "CURRENT", Progress: i % 12, Score: 4 * i})
		mal.Put(malUser, "anime", myanimelist.Work{ID: 1000 + i, Title: title, Total: 12}, myanimelist.Entry{Status: "watching", Progress: (i + 3) % 12, Score: i % 10})
		updates.Put(follower, int64(i), fmt.Sprintf("A Made-up Comic, Part %d", i), mangaupdates.Entry{List: int64(i % 5), Chapter: int64(i)})
		id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		dex.Put(dexUser, id, mangadex.Title{Name: fmt.Sprintf("A Made-up Comic, Part %d", i), Chapters: []mangadex.Chapter{{ID: id, Number: "1", Language: "en"}}}, &mangadex.Entry{Status: "reading", Read: []string{id}})
		if i <= anidbShows {
			shows.Know(anidb.Anime{ID: int64(i), Title: title, Ended: true, Episodes: []string{"1", "2", "3", "4", "S1"}})
			shows.Put(viewer, anidb.Item{AID: int64(i), No: "1", State: 1, Viewed: time.Now().Add(-time.Hour).Unix()})
		}
		novels.Put(reader, int64(i), fmt.Sprintf("A Made-up Novel, Part %d", i), vndb.Entry{Labels: []int64{int64(1 + i%5)}, Started: "2024-05-17"})
	}
	for _, one := range []struct {
		handler http.Handler
		to      func(base string)
	}{
		{site.Handler(), func(base string) {
			o.AnilistURL, o.AnilistSignInURL, o.AnilistClientID, o.AnilistClientSecret = base, base+"/api/v2/oauth", anilist.ClientID, anilist.ClientSecret
		}},
		{mal.Handler(), func(base string) {
			o.MyanimelistURL, o.MyanimelistSignInURL, o.MyanimelistClientID = base+"/v2", base+"/v1/oauth2", myanimelist.ClientID
		}},
		{dex.Handler(), func(base string) { o.MangadexURL, o.MangadexSignInURL = base, base+mangadex.SignIn }},
		{shows.Handler(), func(base string) {
			o.AnidbURL, o.AnidbClient, o.AnidbUDPClient, o.AnidbListsPerDay = base+"/httpapi", anidb.Client+"/"+anidb.Version, "", 1000
		}},
		{updates.Handler(), func(base string) { o.MangaupdatesURL = base }},
		{novels.Handler(), func(base string) { o.VndbURL = base }},
	} {
		base, err := f.serve(ctx, one.handler)
		if err != nil {
			return nil, err
		}
		one.to(base)
	}
	_, _ = fmt.Fprintf(&f.notes, "asapi credential add anilist --client dev --account alice --access-token %s\n", demoToken)
	_, _ = fmt.Fprintf(&f.notes, "asapi credential add myanimelist --client dev --account alice --access-token %s --refresh-token %s\n", access, refresh)
	_, _ = fmt.Fprintf(&f.notes, "asapi credential add vndb --client dev --account alice --access-token %s\n", demoToken)
	var err error
	if o.AnidbUDPAddress, err = f.datagrams(ctx, &testprovider.Port{Serve: shows.Serve}); err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintf(&f.notes, "asapi credential add anidb --client dev --account alice --username alice --password %s\n", demoToken)
	_, _ = fmt.Fprintf(&f.notes, "asapi credential add mangaupdates --client dev --account alice --username alice --password %s\n", demoToken)
	_, _ = fmt.Fprintf(&f.notes, "asapi credential add mangadex --client dev --account alice --username alice --password %s --app-id '%s' --app-secret '%s'\n", demoToken, dexUser.Client, dexUser.Secret)
	f.notes.WriteString("\nEach takes --data with the folder above.\n")
	return f, nil
}

// datagrams begins to listen for datagrams; who answers them is a part that somebody runs.
func (f *fakes) datagrams(ctx context.Context, p *testprovider.Port) (address string, err error) {
	var lc net.ListenConfig
	conn, err := lc.ListenPacket(ctx, "udp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("start a stand-in for a provider: %w", err)
	}
	f.servers = append(f.servers, func(ctx context.Context) error { return p.Run(ctx, conn) })
	return conn.LocalAddr().String(), nil
}

// serve begins to listen; the server itself is a part that somebody runs.
func (f *fakes) serve(ctx context.Context, h http.Handler) (base string, err error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("start a stand-in for a provider: %w", err)
	}
	f.servers = append(f.servers, func(ctx context.Context) error {
		server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
		stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // nothing is lost with it
		defer stop()
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return "http://" + listener.Addr().String(), nil
}
