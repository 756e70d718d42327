package tracker

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"asapi/tasks"
)

// exportNeutral writes all that is kept of the owner's trackers; with a
// provider, of those that its lists have.
func (s *service) exportNeutral(ctx context.Context, run *tasks.Run, owner Owner, p exportParams) error {
	return s.store.Wholes(ctx, owner, p.Activities, func(total int64, wholes iter.Seq2[Whole, error]) error {
		chosen := chosenBy(p)
		if p.Provider != "" || p.Kind != "" {
			var err error
			if total, err = count(ctx, wholes, chosen()); err != nil {
				return err
			}
		}
		if total == 0 {
			return tasks.Permanent(tasks.CodeNotFound, owner.this()+" has no such trackers.")
		}
		run.Expect(total)
		w := run.Output("application/json", "trackers_"+strings.Map(harmless, owner.label())+".json")
		return writeNeutral(ctx, run, owner, w, total, wholes, chosen())
	})
}

// chosenBy gives what tells the elements that are asked for; each must be shown
// to it in turn.
func chosenBy(p exportParams) func() func(*Whole) bool {
	return func() func(*Whole) bool {
		last := false
		return func(w *Whole) bool {
			if !w.Continued {
				last = w.concerns(Provider(p.Provider), Kind(p.Kind))
			}
			return last
		}
	}
}

// concerns reports whether a list of the provider, of that kind, has the tracker;
// an empty one stands for any.
func (w *Whole) concerns(p Provider, k Kind) bool {
	if p == "" {
		res, _ := ParseResource(w.Tracker.Resource)
		return k == "" || kindOf(res.Collection) == k
	}
	at := func(key RecordKey) bool { return key.Provider == p && (k == "" || key.Kind == k) }
	if key, derived := KeyOf(w.Tracker.Resource); derived && at(key) {
		return true
	}
	return slices.ContainsFunc(w.Records, func(r Record) bool { return at(r.Key) })
}

func count(ctx context.Context, wholes iter.Seq2[Whole, error], chosen func(*Whole) bool) (n int64, err error) {
	for w, err := range wholes {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return 0, err
		}
		if chosen(&w) && !w.Continued {
			n++
		}
	}
	return n, nil
}

func writeNeutral(ctx context.Context, run *tasks.Run, owner Owner, w io.Writer, total int64, wholes iter.Seq2[Whole, error], chosen func(*Whole) bool) error {
	out := bufio.NewWriterSize(w, 32<<10)
	user, err := json.Marshal(owner.label())
	if err != nil {
		return err
	}
	// bufio keeps the first error of any write; Flush tells it.
	fmt.Fprintf(out, `{"format":%q,"version":%d,"user":%s,"total":%d,"trackers":[`, neutralFormat, neutralVersion, user, total)
	comma := ""
	var n int64
	for whole, err := range wholes {
		if err != nil {
			return err
		}
		if !chosen(&whole) {
			continue
		}
		b, err := json.Marshal(docOf(&whole))
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\n%s", comma, b)
		comma = ","
		if !whole.Continued {
			n++
			run.Count(tasks.Unchanged, 1)
		}
		if err := run.Progress(ctx, n, total); err != nil {
			return err
		}
	}
	fmt.Fprint(out, "\n]}\n")
	return out.Flush()
}
