package web_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/api/internal/web"
	"asapi/tasks"
)

func collect(each func(yield func(tasks.Field, error) bool) bool) (got [][2]string, err error) {
	each(func(f tasks.Field, fieldErr error) bool {
		if fieldErr != nil {
			err = fieldErr
			return false
		}
		got = append(got, [2]string{f.Name, f.Value})
		return true
	})
	return got, err
}

func jsonFields(text string) ([][2]string, error) {
	return collect(func(yield func(tasks.Field, error) bool) bool { return web.JSONFields([]byte(text), yield) })
}

func TestAJSONObjectBecomesFieldsInItsOrder(t *testing.T) {
	got, err := jsonFields(`{"b": "x", "a": [1, "2", true], "n": 1.50e3, "none": null, "empty": [], "b": "y"}`)
	if err != nil {
		t.Fatal(err)
	}
	want := [][2]string{{"b", "x"}, {"a", "1"}, {"a", "2"}, {"a", "true"}, {"n", "1.50e3"}, {"b", "y"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzJSONFieldsAreTakenOnlyFromAWholeObject(f *testing.F) {
	for _, text := range []string{`{}`, `{"a":1}`, `{"a":[1,2]}`, `{"a":{}}`, `[1]`, `{"a":1}x`, `{"a"`, strings.Repeat(`{"a":`, 1000)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := jsonFields(text)
		var object map[string]any
		if valid := json.Unmarshal([]byte(text), &object) == nil && object != nil; err == nil && !valid {
			t.Errorf("%q was taken", text)
		}
		if err != nil && tasks.CodeOf(err) != tasks.CodeInvalid {
			t.Errorf("%q gives %v", text, err)
		}
	})
}

func FuzzAFormIsReadAsTheStandardLibraryReadsIt(f *testing.F) {
	for _, text := range []string{"a=1&b=2", "a=%20+&a", "=x", "&&", "a=%zz", "a=b=c", "ü=ü"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := collect(func(yield func(tasks.Field, error) bool) bool { return web.URLEncoded(text, yield) })
		want, wantErr := url.ParseQuery(text)
		if strings.Contains(text, ";") {
			return // the library refuses what is an ordinary character today
		}
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: got error %v, want %v", text, err, wantErr)
		}
		if err != nil {
			return
		}
		values := url.Values{}
		for _, f := range got {
			values[f[0]] = append(values[f[0]], f[1])
		}
		if diff := cmp.Diff(want, values); diff != "" {
			t.Error(diff)
		}
	})
}

func FuzzAStringIsWrittenAsJSON(f *testing.F) {
	for _, s := range []string{"", `"\`, "\x00\x1f\n", "ü\u2028", "\xff\xc3", "\xed\xa0\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		if err := json.Unmarshal(web.AppendString(nil, s), &got); err != nil || got != string([]rune(s)) {
			t.Errorf("%q came back as %q: %v", s, got, err)
		}
	})
}
