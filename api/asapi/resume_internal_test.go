package asapi

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tellAll gives those of the messages that a connection is told; each stands as its
// id, and with a slash and their number where it has several chunks.
func tellAll(t *testing.T, to *trail, messages string) string {
	t.Helper()
	var told []string
	for m := range strings.FieldsSeq(messages) {
		id, chunks, several := strings.Cut(m, "/")
		of := 1
		if several {
			if _, err := fmt.Sscan(chunks, &of); err != nil {
				t.Fatal(err)
			}
		}
		seq, chunk, ok := splitMessageID(id)
		if !ok {
			t.Fatalf("%s is no id", id)
		}
		if !to.tell(seq, chunk, of) {
			told = append(told, id)
		}
	}
	return strings.Join(told, " ")
}

func TestAClientIsNotToldAgainWhatStoodBeforeTheMessageThatItNames(t *testing.T) {
	all := "1-1 2-1 3-1 5-1/2 5-2/2 9-1"
	for _, c := range []struct {
		name      string
		earlier   []string // what connections were told before
		last      string
		now, want string
	}{
		{"the message and all before it", []string{"1-1 2-1 3-1"}, "2-1", "1-1 2-1 3-1", "3-1"},
		{"a chunk of a message", []string{"1-1 5-1/2 5-2/2"}, "5-1", all, "2-1 3-1 5-2 9-1"},
		{"a chunk at which the connection broke", []string{"1-1 5-1/2"}, "5-1", all, "2-1 3-1 5-2 9-1"},
		{"not what came after it, though it is older", []string{"2-1 3-1 1-1"}, "3-1", "1-1 2-1 3-1", "1-1"},
		{"not what came to another connection", []string{"1-1 3-1", "2-1 9-1"}, "9-1", all, "1-1 3-1 5-1 5-2"},
		{"only what all connections had that were told it", []string{"1-1 2-1 9-1", "2-1 3-1 9-1"}, "9-1", all, "1-1 3-1 5-1 5-2"},
		{"only the message where nothing is known", nil, "3-1", "1-1 2-1 3-1", "1-1 2-1"},
		{"only the message that another stream's connection was told", []string{"1-1 2-1"}, "3-1", "1-1 2-1 3-1", "1-1 2-1"},
		{"all where the client names nothing", []string{"1-1 2-1"}, "", "1-1 2-1", "1-1 2-1"},
		{"all where what it names is no message", []string{"1-1 2-1"}, "2-1-1", "1-1 2-1", "1-1 2-1"},
		{"all where it names the greeting", []string{"1-1 2-1"}, "0-1", "1-1 2-1", "1-1 2-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTrails()
			for _, messages := range c.earlier {
				earlier := s.begin("s", "")
				tellAll(t, earlier, messages)
				s.end("s", earlier)
			}
			other := s.begin("another", "")
			tellAll(t, other, "1-1 2-1 3-1 9-1")
			if diff := cmp.Diff(c.want, tellAll(t, s.begin("s", c.last), c.now)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatAClientHasIsKnownThroughSeveralConnections(t *testing.T) {
	s := newTrails()
	first := s.begin("s", "")
	tellAll(t, first, "1-1 2-1 3-1/3 3-2/3")
	second := s.begin("s", "3-2") // before the first one's end was noticed
	if got := tellAll(t, second, "1-1 2-1 3-1/3 3-2/3 3-3/3 4-1"); got != "3-3 4-1" {
		t.Errorf("the second was told %s", got)
	}
	s.end("s", first)
	s.end("s", second)
	third := s.begin("s", "4-1")
	s.end("s", third) // it broke before it was told anything
	fourth := s.begin("s", "4-1")
	if got := tellAll(t, fourth, "1-1 2-1 3-1/3 3-2/3 3-3/3 4-1 6-1"); got != "6-1" {
		t.Errorf("the fourth was told %s", got)
	}
}

func TestWhatIsRememberedOfConnectionsIsBounded(t *testing.T) {
	s := newTrails()
	for i := range maxTrails + 100 {
		one := s.begin(fmt.Sprint("s", i), "")
		one.tell(1, 1, 1)
		s.end(fmt.Sprint("s", i), one)
		silent := s.begin("silent", "")
		s.end("silent", silent)
	}
	if len(s.byStream) != maxTrails || len(s.ended) != maxTrails {
		t.Errorf("%d streams and %d connections are remembered", len(s.byStream), len(s.ended))
	}
	one := s.begin("s", "")
	for i := range int64(3 * maxRuns) {
		one.tell(2*i+1, 1, 1)
	}
	if n := len(one.told.runs); n > maxRuns {
		t.Errorf("%d runs are remembered", n)
	}
	last := fmt.Sprintf("%d-1", 2*(3*maxRuns-1)+1)
	if again := s.begin("s", last); again.tell(2*(3*maxRuns-2)+1, 1, 1) == false || again.tell(1, 1, 1) {
		t.Error("not the newest are remembered")
	}
}
