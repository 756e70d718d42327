package listfile_test

import (
	"encoding/json"
	"strings"
	"testing"

	"asapi/tasks/tracker/listfile"
)

func TestAFileOfAnyLengthIsPassedOverInBoundedMemory(t *testing.T) {
	document := `{"skipped":[` + strings.Repeat(`{"a":[1,"x",null]},`, 200_000) + `{}],"wanted":{"b":2}}`
	j, err := listfile.NewJSON(strings.NewReader(document), "Test")
	if err != nil {
		t.Fatal(err)
	}
	var got json.RawMessage
	if delim, err := j.Enter(); err != nil || delim != '{' {
		t.Fatalf("entered %v, error %v", delim, err)
	}
	err = j.Members(func(name string) error {
		if name != "wanted" {
			return j.Skip()
		}
		got, err = j.Value()
		return err
	})
	if err != nil || string(got) != `{"b":2}` || j.End() != nil {
		t.Errorf("read %s, error %v, end %v", got, err, j.End())
	}
}

func TestAnObjectKeepsTheOrderOfItsMembersAndTheLastOfAName(t *testing.T) {
	o, ok := listfile.ParseObject(`{"b": 1, "a": "\u00e9\/", "b": [1, 2], "c": null}`)
	var out listfile.Writer
	for _, m := range o.Members {
		out.Put(m.Name, m.Value)
	}
	if !ok || out.String() != `{"b":[1,2],"a":"é/","c":null}` {
		t.Errorf("it became %s", out.String())
	}
	for _, none := range []string{"", "[]", `"x"`, `{"a":`, `{"a":1`} {
		if _, ok := listfile.ParseObject(none); ok {
			t.Errorf("%q passes for an object", none)
		}
	}
}

func TestWhatIsNoTextIsFound(t *testing.T) {
	for raw, want := range map[string]bool{
		`"a"`: false, `"\\u0000"`: false, `"\u0000"`: true, `"\\\u0000"`: true, "\"\xff\"": true, "a\x00": true, `"\n"`: false,
	} {
		if got := listfile.NoText([]byte(raw)); got != want {
			t.Errorf("%q: no text is %v", raw, got)
		}
	}
}

func TestTextsAreReadAndSpeltInOneWay(t *testing.T) {
	for raw, want := range map[string]string{
		`"a"`: "a", `""`: "", `"a\"b"`: `a"b`, `"\u00e9\/"`: "é/", "null": "", "": "", "\"\u2028\"": "\u2028",
	} {
		got, ok := listfile.Text(raw)
		if !ok || got != want {
			t.Errorf("%s is read as %q, %v", raw, got, ok)
		}
		if again := listfile.Compact([]byte(listfile.Quote(got))); got != "" && again != listfile.Compact([]byte(raw)) {
			t.Errorf("%s is spelt %s and %s", raw, listfile.Compact([]byte(raw)), again)
		}
	}
	for _, none := range []string{"5", "{}", `"a`, `"`, `"a"b"`, "true"} {
		if got, ok := listfile.Text(none); ok {
			t.Errorf("%s passes for the text %q", none, got)
		}
	}
}
