package tracker_test

import (
	"strings"
	"testing"
	"time"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

func TestAFilterSelectsTrackers(t *testing.T) {
	one := tracker.Tracker{
		Resource: "animes/1245678", State: tracker.InProgress, Start: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Percentage: 50, ByHand: true,
	}
	for text, want := range map[string]bool{
		"":                                         true,
		"  ":                                       true,
		"resource:animes/1245678":                  true,
		"resource = animes/1245678":                true,
		`resource = "animes/1245678"`:              true,
		"resource:animes/1245":                     false,
		"resource:animes/1245*":                    true,
		"resource != animes/*":                     false,
		"resource:animes/myanimelist-41457":        false,
		"resource = 'animes/x.y~z_1-2'":            false,
		"state = IN_PROGRESS":                      true,
		"state=IN_PROGRESS":                        true,
		"state: ON_HOLD":                           false,
		"state = 1":                                true,
		"NOT state = COMPLETED":                    true,
		"-state = COMPLETED":                       true,
		`start_time >= "2026-01-02"`:               true,
		`start_time > "2026-01-02T00:00:00Z"`:      false,
		`start_time < "2026-01-02T02:00:00+02:00"`: false,
		"start_time >= 2026-01-02":                 true,
		"start_time > 2026-01-02T00:00:00Z":        false,
		"start_time<2026-01-02T02:00:00.5+02:00":   true,
		"(start_time = 2026-01-02T00:00:00Z)":      true,
		"end_time:*":                               false,
		"NOT end_time:*":                           true,
		`end_time != "2026-01-02"`:                 false, // it has none
		"progress_percentage >= 50":                true,
		"progress_percentage > 50.5":               false,
		"progress_percentage > -1":                 true,
		"state = COMPLETED OR state=IN_PROGRESS":   true,
		"state = COMPLETED state=IN_PROGRESS":      false,
		"state = COMPLETED AND state=COMPLETED OR state=IN_PROGRESS":        false, // OR binds closer
		"(state = COMPLETED AND state=COMPLETED) OR state=IN_PROGRESS":      true,
		"state = IN_PROGRESS AND (resource:animes/1 OR resource:animes/1*)": true,
	} {
		f, err := tracker.ParseFilter(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := f.Match(&one, tracker.Work{}); got != want {
			t.Errorf("%s selects the tracker: %v, want %v", text, got, want)
		}
	}
}

func TestAFilterThatCannotBeSaysWhy(t *testing.T) {
	for text, says := range map[string]string{
		"foo":                                 "without a comparison",
		`"foo"`:                               "without a comparison",
		"title = x":                           `names "title"`,
		"a.b = 3":                             `names ""`,
		"state > COMPLETED":                   "compare state with",
		"state = DONE":                        "one of STATE_UNSPECIFIED",
		"state = 1.5":                         "one of STATE_UNSPECIFIED",
		"state = 7":                           "one of STATE_UNSPECIFIED",
		"state:*":                             "Every tracker has a state",
		"start_time > yesterday":              "a date or a date-time in quotes",
		"start_time > 5":                      "a date or a date-time in quotes",
		`start_time > "0001-01-01"`:           "a date or a date-time in quotes",
		"progress_percentage = many":          "with a number",
		"resource > animes/7":                 "may compare resource with",
		"resource = 7":                        "may compare resource with",
		"resource = (state = COMPLETED)":      "no single value",
		"drop(state) = 1":                     "",
		"state = COMPLETED AND":               "near character",
		"state = 'COMPLETED":                  "near character",
		"state = COMPLETED; DROP TABLE users": "may compare state with",
		"(state = COMPLETED":                  "near character",
		"state = COMPLETED)":                  "near character",
		"state = \"a\x00b\"":                  "NUL byte",
		"state = \xff":                        "not valid UTF-8",
		"resource = \"" + strings.Repeat("x", 300) + "\"":                           "can be no resource",
		strings.Repeat("(", 3000) + "state = COMPLETED" + strings.Repeat(")", 3000): "longer than 4096 bytes",
		strings.Repeat("(", 21) + "state = COMPLETED" + strings.Repeat(")", 21):     "nests more than 20",
		strings.Repeat("NOT(", 21) + "state = 1" + strings.Repeat(")", 21):          "nests more than 20",
		strings.Repeat("state=1 ", 101):                                             "more than 100 comparisons",
		strings.Repeat("f(", 500):                                                   "nests more than 20",
	} {
		_, err := tracker.ParseFilter(text)
		faults := tasks.FaultsOf(err)
		if len(faults) != 1 || faults[0].Code != tasks.CodeInvalid || faults[0].Field != "filter" || !strings.Contains(faults[0].Message, says) {
			t.Errorf("%s: %v, want a fault of the filter that says %q", tasks.Clip(text, 60), err, says)
		}
	}
}

// FuzzParseFilter: no text does anything but give a filter or one fault, and a
// filter can always be asked.
func FuzzParseFilter(f *testing.F) {
	for _, seed := range []string{
		"", "resource:animes/1245678", "state = IN_PROGRESS AND NOT progress_percentage > 3.5", `start_time >= timestamp("2026-01-02")`,
		"(((", "f(f(f(", "-(-(a", `"\x`, "a:b:c", "resource:animes/-/*", "- -1", "NOT NOT a", "0x = 1", "state = -9223372036854775808", "'; DROP TABLE trackers; --",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := tracker.ParseFilter(text)
		if err != nil {
			if faults := tasks.FaultsOf(err); len(faults) != 1 || faults[0].Field != "filter" || len(faults[0].Message) > 1000 {
				t.Errorf("the fault is %v", err)
			}
			return
		}
		filter.Match(&tracker.Tracker{}, tracker.Work{})
	})
}
