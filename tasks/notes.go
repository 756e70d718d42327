package tasks

import "context"

// Notes are what a run keeps for the attempts after it, by name: how far it read, what
// it is about to do. A name has at most 600 bytes; both are text. They go with the
// task's end.
type Notes map[string]string

// Note keeps notes; those of the same name are replaced.
func (r *Run) Note(ctx context.Context, notes Notes) error {
	return r.journal.KeepNotes(ctx, r.Fence(), notes)
}

// Noted gives those of the named notes that this attempt or an earlier one kept.
func (r *Run) Noted(ctx context.Context, names ...string) (Notes, error) {
	return r.journal.KeptNotes(ctx, r.Task.ID, names)
}
