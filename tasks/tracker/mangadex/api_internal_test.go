package mangadex

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks/tracker"
)

func TestAnEmptyMapMayBeAnEmptyArray(t *testing.T) {
	for raw, want := range map[string]mapOf[string]{
		`[]`: nil, ` [ ] `: nil, `null`: nil, `{}`: {}, `{"a":"b"}`: {"a": "b"},
	} {
		var got mapOf[string]
		if err := json.Unmarshal([]byte(raw), &got); err != nil || !cmp.Equal(want, got) {
			t.Errorf("%s is read as %v, error %v", raw, got, err)
		}
	}
	for raw, want := range map[string]int{`[]`: 0, `{}`: 0, `{"1":{"id":"a"},"none":{"id":"b"}}`: 2, `[{"id":"a"}]`: 1} {
		var got valuesOf[chapter]
		if err := json.Unmarshal([]byte(raw), &got); err != nil || len(got) != want {
			t.Errorf("%s has %d values, error %v", raw, len(got), err)
		}
	}
}

func TestTheLanguageOfAReaderIsThatOfMostChapters(t *testing.T) {
	of := func(languages ...string) tracker.Entry {
		var items []string
		for range languages {
			items = append(items, `{"id":"00000000-0000-4000-8000-000000000001","chapter":"1","translatedLanguage":"`+languages[len(items)]+`"}`)
		}
		return tracker.Entry{Native: []tracker.Field{{elChapters, "[" + strings.Join(items, ",") + "]"}}}
	}
	for want, e := range map[string]tracker.Entry{"en": of(), "fr": of("de", "fr", "fr", "", "", ""), "pt-br": of("pt-br")} {
		if got := languageOf(e); got != want {
			t.Errorf("the language is %q, want %q", got, want)
		}
	}
}

func TestOfAChangeOnlyWhatTheSiteHasWordsForIsSent(t *testing.T) {
	l := &Live{}
	want := Format{}.Blank(tracker.Manga, "00000000-0000-4000-8000-000000000001", tracker.Facts{
		Status: tracker.Done, Progress: 3, Score: 84, Volumes: 2, Repeats: 1, Notes: "x", Start: tracker.Date{Year: 2024}, Private: true,
	})
	c := l.Change(tracker.Manga, want, nil)
	if diff := cmp.Diff([]tracker.Field{{toAdd, "true"}, {inStatus, `"completed"`}, {inRating, "8"}, {inNumbers, "1-3"}}, c.Values); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(c.Left) != 5 {
		t.Errorf("left out: %q", c.Left)
	}
	if again := l.Change(tracker.Manga, want, &want); !again.Empty() {
		t.Errorf("nothing changed, and %v is sent", again.Values)
	}
}

// FuzzAnswers reads what the site may answer: whatever it is, the entry is one that can
// be kept, or a sentence says why not.
func FuzzAnswers(f *testing.F) {
	f.Add(`{"title":{"en":"x"},"links":null}`, `{"id":"a","chapter":"1","translatedLanguage":"en"}`, `reading`, int64(8))
	f.Add(`{"title":[],"links":[]}`, `{"id":"a","chapter":null}`, ``, int64(0))
	f.Add(`{"title":{"ja":"\u0000"},"links":{"al":7,"mu":"ttaew4a"}}`, `{"id":"\ud800","chapter":"1e400"}`, "re_reading\x00", int64(-1))
	f.Fuzz(func(t *testing.T, about, read, status string, rating int64) {
		var w work
		var c chapter
		if json.Unmarshal([]byte(about), &w) != nil || json.Unmarshal([]byte(read), &c) != nil {
			return
		}
		row := rowFrom(standing{"00000000-0000-4000-8000-000000000001", status}, rating, []chapter{c, {ID: "b"}}, w)
		if strings.ContainsRune(row.Fault, 0) || !utf8.ValidString(row.Fault) {
			t.Fatalf("the fault %q is no text", row.Fault)
		}
		if row.Fault != "" {
			return
		}
		if !row.Entry.Sane() {
			t.Fatalf("the facts make no sense: %+v", row.Entry.Facts)
		}
		for _, n := range row.Entry.Native {
			if strings.ContainsRune(n[1], 0) || !utf8.ValidString(n[1]) {
				t.Fatalf("what no database stores came through: %q", n)
			}
		}
		if again := (Format{}).Conform(row.Entry); !again.Equal(row.Entry) {
			t.Fatalf("(-read +conformed):\n%s", cmp.Diff(row.Entry, again))
		}
	})
}
