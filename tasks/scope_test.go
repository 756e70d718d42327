package tasks_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
)

func TestScopesAreServicesAndTheirActions(t *testing.T) {
	for text, want := range map[string][]tasks.Permission{
		"":                     nil,
		"  ":                   nil,
		"asapi":                nil,
		"tracker asapi":        nil,
		"tracker":              {{Service: "tracker", Action: "*"}},
		"tracker/list-files a": {{Service: "tracker", Action: "list-files"}, {Service: "a", Action: "*"}},
		"https://www.googleapis.com/auth/androidworkprovisioning": {{Service: "zerotouch", Action: "*"}},
	} {
		got, err := tasks.ParseScope(text)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%q: %v %s", text, err, d)
		}
	}
}

func FuzzAScopeIsReadOrRefused(f *testing.F) {
	f.Add("tracker tracker/import-trackers")
	f.Add("tracker/a:b=c")
	f.Add("/ * \x00")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := tasks.ParseScope(text)
		if err != nil {
			if tasks.CodeOf(err) != tasks.CodeInvalid || list != nil {
				t.Errorf("%q: %v, %v", text, list, err)
			}
			return
		}
		for _, p := range list {
			if p.Parameter != "" || strings.ContainsAny(p.Service+p.Action, " /:=\x00") {
				t.Errorf("%q allows %+v", text, p)
			}
		}
	})
}
