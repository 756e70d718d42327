package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"asapi/api/tracker/trackerpb"
	"asapi/internal/client"
	"asapi/tasks/tracker"
)

type benchTrackerCmd struct {
	remote
	GRPC      string `name:"grpc" help:"Address of gRPC; its certificate has to be trusted (SSL_CERT_FILE)." default:"127.0.0.1:8443" placeholder:"HOST:PORT"`
	Plaintext bool   `help:"Speak without TLS, to a GRPC_LISTEN."`
	Account   string `help:"Account whose trackers they are; it is registered where it is missing." default:"bench"`
	JSON      bool   `help:"Print the numbers as JSON."`
	What      string `arg:"" help:"What to measure: get, activity or list." enum:"get,activity,list"`
	Count     int    `short:"n" help:"Calls." default:"50000"`
	Callers   int    `help:"Goroutines that share the one connection." default:"64"`
	Trackers  int    `help:"Trackers of the account; those that are missing are imported before." default:"100000"`
}

// Run measures calls over one connection.
func (b *benchTrackerCmd) Run(ctx context.Context, t *terminal) error {
	secure := credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	if b.Plaintext {
		secure = insecure.NewCredentials()
	}
	conn, err := grpc.NewClient(b.GRPC, grpc.WithTransportCredentials(secure), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		return &usageError{err}
	}
	defer func() { _ = conn.Close() }()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+b.Token)
	service := trackerpb.NewTrackerServiceClient(conn)
	parent := tracker.UserOf(0, b.Account).Parent
	if b.What == "activity" {
		return b.activities(ctx, t, service, parent)
	}
	names, err := b.filled(ctx, service, parent)
	if err != nil {
		return err
	}
	if b.What == "get" {
		return b.measured(ctx, t, "tracker get", func(ctx context.Context, i int) error {
			_, err := service.GetTracker(ctx, &trackerpb.GetTrackerRequest{Name: names[i%len(names)]})
			return err
		})
	}
	return b.pages(ctx, t, service, parent)
}

// measured makes the calls from many goroutines and tells how long each took.
func (b *benchTrackerCmd) measured(ctx context.Context, t *terminal, name string, call func(ctx context.Context, i int) error) error {
	times := make([]time.Duration, b.Count)
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	began := time.Now()
	for range b.Callers {
		group.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.Count {
					return nil
				}
				at := time.Now()
				if err := call(ctx, i); err != nil {
					return err
				}
				times[i] = time.Since(at)
			}
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return (&benchFlags{JSON: b.JSON}).tell(t, measure(name, "one call", b.Count, time.Since(began), times))
}

// activities measures durable activities on trackers that have begun.
func (b *benchTrackerCmd) activities(ctx context.Context, t *terminal, service trackerpb.TrackerServiceClient, parent string) error {
	const works = 200
	start := timestamppb.New(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	for i := range works {
		name := fmt.Sprintf("%s/trackers/bench-%d", parent, i)
		_, err := service.CreateTracker(ctx, &trackerpb.CreateTrackerRequest{Parent: parent, Tracker: &trackerpb.Tracker{
			Name: name, Resource: fmt.Sprintf("animes/%d", i+1), State: trackerpb.State_IN_PROGRESS, StartTime: start,
		}})
		if err != nil && status.Code(err) != codes.AlreadyExists {
			return err
		}
	}
	return b.measured(ctx, t, "tracker activity", func(ctx context.Context, i int) error {
		_, err := service.CreateActivity(ctx, &trackerpb.CreateActivityRequest{Parent: fmt.Sprintf("%s/trackers/bench-%d", parent, i%works), Activity: &trackerpb.Activity{
			Resource: fmt.Sprintf("animes/%d/episodes/%d", i%works+1, i%24+1), Platform: "BENCH", From: int32(i % 600), To: int32(i%600 + 60),
			StartTime: start, EndTime: timestamppb.New(start.AsTime().Add(time.Minute)),
		}})
		return err
	})
}

// pages measures pages of 1,000 trackers, one after the other, from the first to
// the last and again.
func (b *benchTrackerCmd) pages(ctx context.Context, t *terminal, service trackerpb.TrackerServiceClient, parent string) error {
	var times []time.Duration
	token := ""
	began := time.Now()
	for range min(b.Count, 500) {
		at := time.Now()
		page, err := service.ListTrackers(ctx, &trackerpb.ListTrackersRequest{Parent: parent, PageSize: tracker.LargestPage, PageToken: token})
		if err != nil {
			return err
		}
		times = append(times, time.Since(at))
		token = page.GetNextPageToken()
	}
	return (&benchFlags{JSON: b.JSON}).tell(t, measure("tracker list", fmt.Sprintf("a page of %d", tracker.LargestPage), len(times), time.Since(began), times))
}

// filled sees to it that the account has the trackers, and gives the names of some.
func (b *benchTrackerCmd) filled(ctx context.Context, service trackerpb.TrackerServiceClient, parent string) ([]string, error) {
	page, err := service.ListTrackers(ctx, &trackerpb.ListTrackersRequest{Parent: parent, PageSize: tracker.LargestPage})
	if err == nil && len(page.GetTrackers()) < min(b.Trackers, tracker.LargestPage) {
		if err = b.fill(ctx); err == nil {
			page, err = service.ListTrackers(ctx, &trackerpb.ListTrackersRequest{Parent: parent, PageSize: tracker.LargestPage})
		}
	}
	if err != nil {
		return nil, err
	}
	names := make([]string, len(page.GetTrackers()))
	for i, one := range page.GetTrackers() {
		names[i] = one.GetName()
	}
	return names, nil
}

// fill imports a list file.
func (b *benchTrackerCmd) fill(ctx context.Context) error {
	c, err := b.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Register(ctx, tracker.Slug, b.Account); err != nil {
		return err
	}
	f, err := os.CreateTemp("", "animelist-*.xml")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	w := bufio.NewWriter(f)
	_, _ = w.WriteString("<?xml version=\"1.0\"?>\n<myanimelist><myinfo><user_export_type>1</user_export_type></myinfo>\n") // Flush tells
	for i := range b.Trackers {
		_, _ = fmt.Fprintf(w, "<anime><series_animedb_id>%d</series_animedb_id><series_title>Bench %d</series_title><series_type>TV</series_type><series_episodes>24</series_episodes>"+
			"<my_watched_episodes>%d</my_watched_episodes><my_status>Watching</my_status></anime>\n", i+1, i+1, i%24)
	}
	_, _ = w.WriteString("</myanimelist>\n")
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		return err
	}
	done, err := c.Submit(ctx, client.Submission{Service: tracker.Slug, Action: "import-trackers", Account: b.Account, Files: map[string]string{"file": f.Name()}})
	if err != nil {
		return err
	}
	_, err = waitEach(ctx, c, []string{done.TaskID})
	return err
}
