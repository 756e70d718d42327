package tracker

import (
	"context"
	"slices"
	"strings"

	"asapi/tasks"
)

// The rules by which a sync decides what stands where both sides changed the same.
const (
	newestWins   = "newest"
	oursWins     = "ours"
	theirsWins   = "theirs"
	furthestWins = "furthest"
)

type syncParams struct {
	Provider  string `param:"provider" doc:"With whose lists the account's trackers are brought together, through the provider's API."`
	With      string `param:"with" optional:"true" doc:"A second provider, whose lists take part too, so that both providers come to have the same. It is signed in to with stored credentials."`
	Kind      string `param:"kind" optional:"true" doc:"Which list. Not given: all that the provider, or both, have."`
	Conflicts string `param:"conflicts" enum:"newest,ours,theirs,furthest" default:"newest" optional:"true" doc:"What stands where both sides changed the same. newest: what was changed last; the further progress, where a provider does not tell when. ours: our trackers. theirs: the provider. furthest: the side with the further progress."`
	DryRun    bool   `param:"dry_run" optional:"true" doc:"true: nothing is written, here or there; the report says, entry by entry, what would be."`
	liveAccess
}

// Check implements tasks.Checker.
func (p syncParams) Check() tasks.Faults {
	if p.With == p.Provider {
		return tasks.Faults{{Code: tasks.CodeInvalidParameter, Field: "with", Message: "with must be another provider than provider."}}
	}
	return nil
}

func (s *service) syncAction() tasks.Action {
	return tasks.NewAction(tasks.Action{
		Slug: SyncLive, Name: "Sync With Provider", Recurs: true,
		Description: "Brings the account's trackers and its lists at a provider, or at two, together, both ways: what one side changed goes to the other; where both changed the same, a rule decides, and the report tells each such conflict. Nothing is deleted. A run that was interrupted goes on after the last entry.",
	}, s.syncLive).Allow("provider", s.liveProviders()...).Allow("with", s.liveProviders()...).Allow("kind", s.liveKinds()...)
}

func (s *service) syncLive(ctx context.Context, run *tasks.Run, p syncParams) error {
	return s.withLive(ctx, run, Provider(p.Provider), p.liveAccess, func(first *liveRun) error {
		if p.With == "" {
			return syncing(ctx, p, first)
		}
		return s.withLive(ctx, run, Provider(p.With), liveAccess{}, func(second *liveRun) error {
			return syncing(ctx, p, first, second)
		})
	})
}

// liveSync brings our trackers and the lists of one provider or two together.
type liveSync struct {
	*service
	run   *tasks.Run
	owner Owner
	sides []*side
	rule  string
	dry   bool

	next      int64
	done      map[string]struct{} // items that earlier attempts recorded
	conflicts int64
	total     int64
	works     []*work
	left      []tasks.Item
}

// side is a provider that takes part.
type side struct {
	*liveRun
	rows   map[RecordKey]*stood // what stands there
	order  []RecordKey
	parted map[RecordKey]bool
	mutes  map[Kind]mutes // what its lists have no words for
}

func syncing(ctx context.Context, p syncParams, lives ...*liveRun) error {
	s := &liveSync{service: lives[0].service, run: lives[0].run, owner: lives[0].owner, rule: p.Conflicts, dry: p.DryRun, done: map[string]struct{}{}}
	for _, live := range lives {
		s.sides = append(s.sides, &side{liveRun: live, rows: map[RecordKey]*stood{}, parted: map[RecordKey]bool{}, mutes: make(map[Kind]mutes)})
	}
	kinds, err := s.kinds(Kind(p.Kind))
	if err != nil {
		return err
	}
	for _, side := range s.sides {
		for _, kind := range kinds {
			side.mutes[kind] = mutesOf(side.format, kind)
		}
		if err := side.read(ctx, kinds); err != nil {
			return err
		}
	}
	if err := s.resume(ctx); err != nil {
		return err
	}
	for _, kind := range kinds {
		if err := s.gather(ctx, kind); err != nil {
			return err
		}
	}
	if err := s.work(ctx); err != nil {
		return err
	}
	told := map[string]any{"conflicts": s.conflicts}
	if p.DryRun {
		told["dry_run"] = true
	}
	return s.run.Report(ctx, told)
}

// kinds gives the lists that all sides have.
func (s *liveSync) kinds(asked Kind) (kinds []Kind, err error) {
	for i, side := range s.sides {
		has, err := side.kinds(asked)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			has = slices.DeleteFunc(slices.Clone(has), func(k Kind) bool { return !slices.Contains(kinds, k) })
		}
		kinds = has
	}
	if len(kinds) == 0 {
		return nil, &tasks.Error{Code: tasks.CodeInvalidParameter, Field: "with", Message: s.sides[0].format.Title() + " and " + s.sides[1].format.Title() + " have no lists of the same kind, so there is nothing to bring together."}
	}
	return kinds, nil
}

// resume learns what earlier attempts recorded.
func (s *liveSync) resume(ctx context.Context) (err error) {
	if s.next, err = s.run.Resume(ctx); err != nil || s.next == 0 {
		return err
	}
	for item, err := range s.run.Items(ctx) {
		if err != nil {
			return err
		}
		s.done[item.Key], s.done[itemName(item)] = struct{}{}, struct{}{}
		s.total++
		if item.Refs["conflict"] != "" {
			s.conflicts++
		}
	}
	return nil
}

// sentences joins those that say something.
func sentences(list ...string) string {
	return strings.Join(slices.DeleteFunc(list, func(s string) bool { return s == "" }), " ")
}
