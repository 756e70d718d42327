package main

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"
)

// part is something that runs until its context ends.
type part func(ctx context.Context) error

// runStages runs the front parts until ctx ends, and the back parts for as long
// as the front parts need them. When one part fails, all end. Its error is the
// first that was no consequence of ending.
func runStages(ctx context.Context, front, back []part) error {
	behind, endBehind := context.WithCancel(context.WithoutCancel(ctx))
	defer endBehind()
	backs, behind := errgroup.WithContext(behind)
	for _, p := range back {
		backs.Go(func() error { return ended(p(behind)) })
	}
	ahead, endAhead := context.WithCancel(ctx)
	defer endAhead()
	stop := context.AfterFunc(behind, endAhead) // the front cannot go on alone
	defer stop()
	fronts, ahead := errgroup.WithContext(ahead)
	for _, p := range front {
		fronts.Go(func() error { return ended(p(ahead)) })
	}
	frontErr := fronts.Wait()
	endBehind()
	backErr := backs.Wait()
	return errors.Join(frontErr, backErr)
}

// ended: to end because of the context is what was asked for.
func ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
