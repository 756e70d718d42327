package tracker

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"asapi/tasks"
)

const goodActivity = `{"platform":"NETFLIX","resource":"animes/7/episodes/1","from":0,"to":1320,"start":"2026-01-02T10:00:00Z","end":"2026-01-02T10:22:00+00:00"}`

// allActivities gives the faults of all activities of a file; "" for a good one.
func allActivities(file string) ([]string, error) {
	var faults []string
	err := readActivities(strings.NewReader(file), func(_ Deed, fault string) error {
		faults = append(faults, fault)
		return nil
	})
	return faults, err
}

// with changes one member of the good activity.
func with(old, now string) string { return strings.Replace(goodActivity, old, now, 1) }

func TestActivitiesAreReadFromAnArrayAndFromLines(t *testing.T) {
	for name, file := range map[string]string{
		"an array":              "[" + goodActivity + ",\n " + goodActivity + "]\n",
		"lines":                 goodActivity + "\n" + goodActivity,
		"lines with CR and gap": goodActivity + "\r\n\r\n" + goodActivity + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			faults, err := allActivities(file)
			if err != nil || len(faults) != 2 || faults[0]+faults[1] != "" {
				t.Errorf("faults %q, error %v, want two good activities", faults, err)
			}
		})
	}
}

func TestABadActivityTellsWhyAndTheRestGoesOn(t *testing.T) {
	tests := []struct{ name, bad, says string }{
		{"no object", `7`, "no JSON object"},
		{"a wrong type", with(`"from":0`, `"from":"x"`), "from must not be a string"},
		{"no resource", with("animes/7/episodes/1", ""), "resource must read like"},
		{"an unknown resource", with("animes/7/episodes/1", "films/7"), `not "films/7"`},
		{"a NUL in the resource", with("animes/7/episodes/1", `animes/\u0000`), `not "animes/\x00"`},
		{"no platform", with("NETFLIX", ""), "platform must be"},
		{"a NUL in the platform", with("NETFLIX", `a\u0000`), "platform must be"},
		{"no from", with(`"from":0,`, ""), "0 <= from <= to"},
		{"to before from", with(`"from":0`, `"from":2000`), "0 <= from <= to"},
		{"a negative from", with(`"from":0`, `"from":-1`), "0 <= from <= to"},
		{"a huge to", with(`1320`, `99999999999`), "0 <= from <= to"},
		{"a negative length", with(`"from":0`, `"from":0,"length":-1`), "length must be"},
		{"no start", with("2026-01-02T10:00:00Z", ""), "start must be a date-time"},
		{"a date only", with("2026-01-02T10:22:00+00:00", "2026-01-02"), "end must be a date-time"},
		{"end before start", with("10:22:00+00:00", "09:22:00+00:00"), "end must not be before start"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, file := range []string{"[" + goodActivity + "," + tt.bad + "," + goodActivity + "]", goodActivity + "\n" + tt.bad + "\n" + goodActivity} {
				faults, err := allActivities(file)
				if err != nil || len(faults) != 3 || faults[0]+faults[2] != "" {
					t.Fatalf("faults %q, error %v, want three activities of which the second is bad", faults, err)
				}
				if !strings.Contains(faults[1], tt.says) || !strings.Contains(faults[1], " 2: ") {
					t.Errorf("fault %q, want one that says %q and where", faults[1], tt.says)
				}
			}
		})
	}
}

func TestAFileOfActivitiesThatCannotBeReadEndsInASentence(t *testing.T) {
	for name, file := range map[string]string{
		"empty": "  \n", "nonsense": "\x00\x01\x02", "a number": "7", "cut off": "[" + goodActivity, "cut off in one": "[" + goodActivity[:40],
		"something after": "[" + goodActivity + "] x", "a broken array": "[" + goodActivity + ";]", "a giant": `[{"platform":"` + strings.Repeat("x", 1<<20),
		"a giant line": `{"platform":"` + strings.Repeat("x", 1<<20), "deep": strings.Repeat("[", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := allActivities(file)
			var fault *tasks.Error
			if !errors.As(err, &fault) || fault.Code != tasks.CodeUnsupportedFormat || !strings.HasSuffix(strings.TrimRight(fault.Message, ")"), ".") && !strings.HasSuffix(fault.Message, ".") {
				t.Errorf("error %v, want a sentence about the format", err)
			}
		})
	}
}

func FuzzActivities(f *testing.F) {
	for _, seed := range []string{"[" + goodActivity + "]", goodActivity + "\n{}\n", "[1,2", "[]", "{", "\xff", `[{"resource":"a\u0000"}]`, fmt.Sprint(strings.Repeat("[", 200))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		err := readActivities(strings.NewReader(file), func(d Deed, fault string) error {
			if fault != "" {
				if !utf8.ValidString(fault) {
					t.Fatalf("fault %q is no text", fault)
				}
				return nil
			}
			if _, ok := ParseResource(d.Resource); !ok || !utf8.ValidString(d.Platform) || d.To < d.From || d.End.Before(d.Start) || strings.ContainsRune(d.Platform, 0) {
				t.Fatalf("a bad activity came through: %+v", d)
			}
			return nil
		})
		var fault *tasks.Error
		if err != nil && !errors.As(err, &fault) {
			t.Fatalf("error %v is no sentence about the file", err)
		}
	})
}
