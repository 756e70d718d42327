package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"asapi/internal/client"
	"asapi/tasks/tracker"
)

type benchActivitiesCmd struct {
	remote
	Account string `help:"Account whose activities they are; it is registered where it is missing." default:"bench"`
	JSON    bool   `help:"Print the numbers as JSON."`
	Count   int    `short:"n" help:"Activities in one file." default:"1000000"`
	Works   int    `help:"Works that they are on, of 24 episodes each." default:"100"`
	Busy    int    `help:"Every so many-th activity is on the first episode of the first work; 0: none more than others." default:"10"`
}

// Run measures from the start of the task to its end by the server's clock, and
// meanwhile how long another request takes.
func (b *benchActivitiesCmd) Run(ctx context.Context, t *terminal) error {
	c, err := b.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Register(ctx, tracker.Slug, b.Account); err != nil {
		return err
	}
	file, err := b.file()
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file) }() // of the system's folder for such files
	done, err := c.Submit(ctx, client.Submission{Service: tracker.Slug, Action: "process-activities", Account: b.Account, Files: map[string]string{"activities": file}})
	if err != nil {
		return err
	}
	var times []time.Duration
	var list []client.Status
	ended := make(chan struct{})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(ended)
		var err error
		list, err = waitEach(ctx, c, []string{done.TaskID})
		return err
	})
	group.Go(func() error {
		var err error
		times, err = b.askUntil(ctx, c, done.TaskID, ended)
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	took := list[0].CompletedAt.Sub(list[0].StartedAt)
	return (&benchFlags{JSON: b.JSON}).tell(t, measure("activities", "a status request meanwhile", b.Count, took, times))
}

// askEvery is the pause between two requests of somebody else.
const askEvery = 20 * time.Millisecond

// askUntil asks for the status of a task, as others do, and gives the times.
func (b *benchActivitiesCmd) askUntil(ctx context.Context, c *client.Client, id string, ended <-chan struct{}) ([]time.Duration, error) {
	conn, err := c.Dial(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	form := url.Values{"task_ids": {id}}.Encode()
	ticker := time.NewTicker(askEvery)
	defer ticker.Stop()
	var times []time.Duration
	for {
		select {
		case <-ended:
			return times, nil
		case <-ctx.Done():
			return times, context.Cause(ctx)
		case <-ticker.C:
		}
		began := time.Now()
		if _, err := conn.PostForm("/task-status/", form); err != nil {
			return times, err
		}
		times = append(times, time.Since(began))
	}
}

// file writes the activities, packed, to a temporary file.
func (b *benchActivitiesCmd) file() (name string, err error) {
	f, err := os.CreateTemp("", "activities-*.jsonl.gz")
	if err != nil {
		return "", err
	}
	packed := gzip.NewWriter(f)
	err = b.write(packed)
	if err = errors.Join(err, packed.Close(), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// write writes one activity a line: half a minute apart, of one to two minutes,
// spread over the works.
func (b *benchActivitiesCmd) write(w io.Writer) error {
	out := bufio.NewWriter(w)
	begin := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range b.Count {
		work, episode := i%max(b.Works, 1)+1, i/max(b.Works, 1)%24+1
		if b.Busy > 0 && i%b.Busy == 0 {
			work, episode = 1, 1
		}
		at, from := begin.Add(time.Duration(i)*30*time.Second), i*37%1200
		_, err := fmt.Fprintf(out, `{"platform":"BENCH","resource":"animes/%d/episodes/%d","from":%d,"to":%d,"start":%q,"end":%q,"length":1320}`+"\n",
			work, episode, from, from+60+i%60, at.Format(time.RFC3339), at.Add(time.Minute).Format(time.RFC3339))
		if err != nil {
			return err
		}
	}
	return out.Flush()
}

type benchHistogramCmd struct {
	remote
	Account  string `help:"Account whose activities are counted." default:"bench"`
	JSON     bool   `help:"Print the numbers as JSON."`
	Resource string `help:"What was covered." default:"animes/1/episodes/1"`
	Scope    string `help:"Whose activities: of the account or of the client." enum:"account,client" default:"account"`
	Picture  bool   `help:"Ask for the picture."`
	Rounds   int    `help:"How often to ask, one after the other." default:"20"`
}

// Run tells the time from the start of each task to its end by the server's
// clock: reading, counting, and keeping the result.
func (b *benchHistogramCmd) Run(ctx context.Context, t *terminal) error {
	c, err := b.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	format := "json"
	if b.Picture {
		format = "svg"
	}
	times := make([]time.Duration, 0, b.Rounds)
	began := time.Now()
	for range b.Rounds {
		done, err := c.Submit(ctx, client.Submission{
			Service: tracker.Slug, Action: "histogram", Account: b.Account,
			Values: url.Values{"resource": {b.Resource}, "scope": {b.Scope}, "format": {format}, "buckets": {strconv.Itoa(1000)}},
		})
		if err != nil {
			return err
		}
		list, err := waitEach(ctx, c, []string{done.TaskID})
		if err != nil {
			return err
		}
		times = append(times, list[0].CompletedAt.Sub(list[0].StartedAt))
	}
	return (&benchFlags{JSON: b.JSON}).tell(t, measure("histogram", "start to end of a task", b.Rounds, time.Since(began), times))
}
