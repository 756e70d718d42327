package tasks_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
)

// shared are parameters that several actions have.
type shared struct {
	Token tasks.Secret `param:"token" optional:"true"`
	Name  string       `param:"username"`
}

type shareParams struct {
	First int64 `param:"first" default:"7" optional:"true"`
	shared
	Last bool `param:"last" optional:"true"`
}

func TestAnEmbeddedStructStandsForItsParameters(t *testing.T) {
	var got shareParams
	a := tasks.NewAction(tasks.Action{Slug: "share"}, func(_ context.Context, _ *tasks.Run, p shareParams) error {
		got = p
		return nil
	})
	var slugs []string
	for _, p := range a.Parameters {
		slugs = append(slugs, p.Slug)
	}
	if diff := cmp.Diff([]string{"first", "token", "username", "last"}, slugs); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	faults := a.Check(tasks.Args{})
	if len(faults) != 1 || faults[0].Field != "username" {
		t.Errorf("without its name: %v", faults)
	}
	given := tasks.Args{Values: map[string][]string{"username": {"ada"}, "token": {"t"}, "last": {"yes"}}}
	if err := a.Do(t.Context(), newRun(&diary{}), given); err != nil {
		t.Fatal(err)
	}
	want := shareParams{First: 7, shared: shared{Token: "t", Name: "ada"}, Last: true}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(shareParams{}, shared{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
