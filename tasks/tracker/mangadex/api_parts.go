package mangadex

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"asapi/tasks"
)

// writing is a change of one title, which is sent in several parts. The site may want a
// wait after any of them; which parts it has is remembered then, so that the change goes
// on with the next one. Where it is not known whether it has a part, the entry is looked
// at, and another change has what is missing.
type writing struct {
	*session  `json:"-"`
	id        string
	confirmed int  // parts that an attempt before this one sent
	noted     bool // there is a note of those

	For   string `json:"for"`   // which change of which title
	Parts int    `json:"parts"` // that the site has
}

// unfinished names the note of a change of which the site has a part.
const unfinished = "written"

// writing begins a change, or goes on with it.
func (s *session) writing(ctx context.Context, id, change string) (*writing, error) {
	text, err := s.access.Remembered(ctx, unfinished)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(id + " " + change))
	w := &writing{session: s, id: id, For: hex.EncodeToString(sum[:16])}
	var last writing
	if text != "" && json.Unmarshal([]byte(text), &last) == nil && last.For == w.For {
		w.confirmed, w.noted = last.Parts, true
	}
	return w, nil
}

// send sends the next part of the change, unless the site has it.
func (w *writing) send(ctx context.Context, method, path string, in any) error {
	if w.Parts >= w.confirmed {
		if err := w.ask(ctx, method, path, in, nil); err != nil {
			return err
		}
	}
	w.Parts++
	return nil
}

// keep remembers how far the change came before an error that lets the run wait.
func (w *writing) keep(ctx context.Context, cause error) error {
	if _, waits := tasks.AsLater(cause); !waits || w.Parts == 0 {
		return cause
	}
	text, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("encode how far a change came: %w", err)
	}
	if err := w.access.Remember(ctx, unfinished, string(text)); err != nil {
		return err
	}
	return cause
}

// over forgets the change.
func (w *writing) over(ctx context.Context) error {
	if !w.noted {
		return nil
	}
	return w.access.Remember(ctx, unfinished, "")
}
