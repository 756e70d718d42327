package tasks_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
)

const (
	firstID  = "0198c0de-0000-7000-8000-000000000001"
	secondID = "0198c0de-0000-7000-8000-000000000002"
)

// texts gives what ParseIDs made of values: the ids, and what is no id with a
// question mark.
func texts(asked []tasks.AskedID) []string {
	var list []string
	for _, a := range asked {
		if a.Bad != nil {
			list = append(list, "?"+a.Text)
		} else {
			list = append(list, a.ID.String())
		}
	}
	return list
}

func TestTaskIDsAreTakenInEveryWayThatClientsSendThem(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []string
		want   []string
	}{
		{"repeated", []string{secondID, firstID}, []string{secondID, firstID}},
		{"separated by commas", []string{firstID + ", " + secondID + ","}, []string{firstID, secondID}},
		{"as a JSON list", []string{` ["` + firstID + `","` + secondID + `"] `}, []string{firstID, secondID}},
		{"mixed, and once each", []string{firstID, "x," + firstID, `["` + secondID + `","x"]`}, []string{firstID, "?x", secondID}},
		{"in capitals", []string{strings.ToUpper(firstID), firstID}, []string{firstID}},
	} {
		asked, err := tasks.ParseIDs(c.values)
		if diff := cmp.Diff(c.want, texts(asked)); err != nil || diff != "" {
			t.Errorf("%s: %v %s", c.name, err, diff)
		}
	}
}

func TestNoTaskIDsTooManyAndABrokenListAreRefused(t *testing.T) {
	many := slices.Repeat([]string{"x"}, tasks.MaxIDs)
	if _, err := tasks.ParseIDs(many); err != nil {
		t.Errorf("%d ids: %v", tasks.MaxIDs, err)
	}
	for _, c := range []struct {
		code   tasks.Code
		values []string
	}{
		{tasks.CodeMissing, []string{"", " , ", "[]"}},
		{tasks.CodeLimit, append(many, "y")},
		{tasks.CodeInvalid, []string{`["` + firstID}},
	} {
		if _, err := tasks.ParseIDs(c.values); tasks.CodeOf(err) != c.code {
			t.Errorf("got %v, want %s", err, c.code)
		}
	}
}

// FuzzTaskIDsAreReadAsTheyAreWritten compares with a reader of one value at a time
// that knows nothing of the parser.
func FuzzTaskIDsAreReadAsTheyAreWritten(f *testing.F) {
	f.Add(firstID, secondID+",x")
	f.Add(`["`+firstID+`", 5]`, "")
	f.Add("[]", `[null,"`+strings.ToUpper(secondID)+`"]`)
	f.Add(",,", "\x00,é")
	f.Fuzz(func(t *testing.T, one, two string) {
		asked, err := tasks.ParseIDs([]string{one, two})
		var want []string
		broken := false
		for _, value := range []string{one, two} {
			list := strings.Split(value, ",")
			if strings.HasPrefix(strings.TrimSpace(value), "[") {
				list = nil
				broken = broken || json.Unmarshal([]byte(strings.TrimSpace(value)), &list) != nil
			}
			for _, text := range list {
				if text = strings.TrimSpace(text); text == "" {
					continue
				}
				if id := strings.ToLower(text); canonical.MatchString(id) {
					text = id
				} else {
					text = "?" + text
				}
				if !slices.Contains(want, text) {
					want = append(want, text)
				}
			}
		}
		switch {
		case broken:
			if tasks.CodeOf(err) != tasks.CodeInvalid {
				t.Errorf("a broken list gives %v", err)
			}
		case len(want) == 0:
			if tasks.CodeOf(err) != tasks.CodeMissing {
				t.Errorf("nothing gives %v", err)
			}
		default:
			if diff := cmp.Diff(want, texts(asked)); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		}
		var ours *tasks.Error
		if err != nil && !errors.As(err, &ours) {
			t.Errorf("%v is a %s", err, fmt.Sprintf("%T", err))
		}
	})
}

var canonical = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
