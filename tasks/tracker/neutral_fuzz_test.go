package tracker

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"asapi/tasks"
)

// FuzzReadNeutral reads foreign bytes as a neutral document: what is taken is
// such as can be kept, and written it reads the same.
func FuzzReadNeutral(f *testing.F) {
	const head = `{"format":"asapi-trackers","version":1,"trackers":[`
	full := `{"resource":"animes/1","title":"x","regular":12,"state":"COMPLETED","startTime":"2020-01-01T00:00:00.000001Z","endTime":"2020-01-02T00:00:00Z","progressPercentage":5,"setByHand":true,"done":3,` +
		`"completed":[{"resource":"animes/1/episodes/5","number":5,"regular":true,"time":"2020-01-01T00:00:00Z"}],` +
		`"records":[{"provider":"anidb","kind":"anime","id":"1","status":"watching","seen":"1-3,5","start":{"y":2020},"native":[["a","b"]]}],` +
		`"activities":[{"resource":"animes/1","platform":"TV","from":0,"to":1,"start":"2020-01-01T00:00:00Z","end":"2020-01-01T00:00:00Z","times":2}]}`
	for _, seed := range []string{
		head + full + "]}", head + full + "," + full + `],"x":{"y":[1]}}`, head + full, head + "]}", head + `7,null,[],{}]}`, "{}", "[", "\xff", head + strings.Repeat("[", 2000),
		head + `{"resource":"animes/1","continued":true,"more":true}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		err := readNeutral(strings.NewReader(string(raw)), func(row neutralRow) error {
			if row.fault != "" {
				return nil
			}
			text, err := json.Marshal(docOf(&row.Whole))
			if err != nil {
				t.Fatalf("an element that was read cannot be written: %v", err)
			}
			again := rowIn(text, 1)
			if again.fault != "" {
				t.Fatalf("what was written cannot be read: %s\n%s", again.fault, text)
			}
			back, err := json.Marshal(docOf(&again.Whole))
			if err != nil || string(back) != string(text) {
				t.Fatalf("it came back otherwise:\n%s\n%s", text, back)
			}
			return nil
		})
		if fault, ok := errors.AsType[*tasks.Error](err); err != nil && (!ok || fault.Code != tasks.CodeUnsupportedFormat) {
			t.Fatalf("the error is no sentence for a user: %v", err)
		}
	})
}
