package main

import (
	"context"
	"errors"
	"testing"
)

func TestTheBackEndsAfterTheFront(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var order []string
	front := func(ctx context.Context) error {
		stop()
		<-ctx.Done()
		order = append(order, "front")
		return ctx.Err()
	}
	back := func(ctx context.Context) error {
		<-ctx.Done()
		order = append(order, "back")
		return nil
	}
	if err := runStages(ctx, []part{front}, []part{back}); err != nil {
		t.Errorf("an ordered end is the error %v", err)
	}
	if len(order) != 2 || order[0] != "front" {
		t.Errorf("the order was %q", order)
	}
}

func TestOneFailureEndsAllAndIsTold(t *testing.T) {
	failed := errors.New("failed")
	fails := func(context.Context) error { return failed }
	waits := func(ctx context.Context) error { <-ctx.Done(); return nil }
	for name, stages := range map[string][2][]part{
		"in front": {{fails, waits}, {waits}},
		"behind":   {{waits}, {fails, waits}},
	} {
		if err := runStages(t.Context(), stages[0], stages[1]); !errors.Is(err, failed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
