package anidb

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/live"
)

func TestAClientIsANameAndAVersion(t *testing.T) {
	for text, want := range map[string]Client{"": {}, "myclient/1": {"myclient", "1"}, "abcd/23": {"abcd", "23"}} {
		if got, err := ParseClient(text); got != want || err != nil {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, wrong := range []string{"myclient", "abc/1", "MyClient/1", "myclient/0", "myclient/x", "myclient/", "/1", strings.Repeat("a", 17) + "/1"} {
		if _, err := ParseClient(wrong); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}

func TestAnAnswerIsTakenApart(t *testing.T) {
	for text, want := range map[string]reply{
		"t1 200 Abc12 LOGIN ACCEPTED\n":                 {code: "200", text: "Abc12 LOGIN ACCEPTED"},
		"t1 221 MYLIST\n1|2|3|4|0|5|1|6|here||no|0\n":   {code: "221", text: "MYLIST", fields: []string{"1", "2", "3", "4", "0", "5", "1", "6", "here", "", "no", "0"}},
		"t1 310 FILE ALREADY IN MYLIST\r\n1|2\r\n3|4\n": {code: "310", text: "FILE ALREADY IN MYLIST", fields: []string{"1", "2"}},
		"t1 505 ILLEGAL INPUT\xff":                      {code: "505", text: "ILLEGAL INPUT\ufffd"},
	} {
		got, tagged := parse([]byte(text), "t1")
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(reply{})); diff != "" || !tagged || !answers([]byte(text), "t1") {
			t.Errorf("%q, tagged %v (-want +got):\n%s", text, tagged, diff)
		}
	}
	for text, want := range map[string]bool{"t2 200 LATE": false, "555 BANNED\nflood": true, "602 SERVER BUSY": true, "598 UNKNOWN COMMAND": true, "300 PONG": false, "": false, "\x00\x00zip": false} {
		if answers([]byte(text), "t1") != want {
			t.Errorf("%q is an answer to t1: %v", text, !want)
		}
	}
}

func TestWhatAnAnswerSaysOfWaitingIsToldApart(t *testing.T) {
	for text, want := range map[string]struct {
		waits, broken, wide bool
	}{
		"t1 555 BANNED\nflood":  {waits: true, wide: true},
		"555 BANNED":            {waits: true, wide: true},
		"t1 601 OUT OF SERVICE": {waits: true, wide: true},
		"t1 602 SERVER BUSY":    {waits: true, wide: true},
		"t1 604 TIMEOUT":        {waits: true},
		"t1 600 INTERNAL":       {broken: true},
		"t1 666 ANYTHING":       {broken: true},
		"t1 506 INVALID":        {},
		"t1 210 ADDED\n1":       {},
		"t1 320 NO SUCH FILE":   {},
	} {
		v := verdict([]byte(text))
		if (v.Wait > 0) != want.waits || (v.Broken != "") != want.broken || v.Wide != want.wide {
			t.Errorf("%q: %+v", text, v)
		}
	}
	for text, want := range map[string]struct{ waits, broken bool }{
		"<error>Banned</error>":                                    {waits: true},
		`<error code="500">banned</error>`:                         {waits: true},
		"<error>internal error</error>":                            {broken: true},
		"<!DOCTYPE html><title>Wait</title>":                       {broken: true},
		"":                                                         {broken: true},
		"<mylist uid=\"1\"><mylistitem id=\"1\" aid":               {broken: true},
		`<?xml version="1.0"?><mylist uid="1"></mylist>`:           {},
		"<mylist/>":                                                {},
		`<error code="330" value="no such mylist"/>`:               {},
		`<error code="302">client version missing</error>`:         {},
		"<anime id=\"1\"><titles/></anime>\n":                      {},
		"\x1f\x8b\x08 what begins like gzip and is something else": {broken: true},
	} {
		v := judge(&live.Answer{Status: 200, Body: []byte(text)})
		if (v.Wait > 0) != want.waits || (v.Broken != "") != want.broken {
			t.Errorf("%q: %+v", text, v)
		}
	}
}

func TestABanIsSeenWithWhateverStatusItComes(t *testing.T) {
	for _, status := range []int{200, 403, 500, 503} {
		if v := judge(&live.Answer{Status: status, Body: []byte(`<error code="500">Banned</error>`)}); v.Wait != banTime || !v.Wide {
			t.Errorf("status %d: %+v", status, v)
		}
	}
	if v := judge(&live.Answer{Status: 502, Body: []byte("<mylist/>")}); v.Broken == "" {
		t.Errorf("a broken server: %+v", v)
	}
}

func TestAnAnswerThatUnpacksToTooMuchIsNotRead(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	for range 8 {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := unpacked(packed.Bytes(), 4<<20); err == nil {
		t.Error("8 MiB were unpacked where 4 are allowed")
	}
}

func TestACommandEscapesWhatWouldEndAValue(t *testing.T) {
	c := command{name: "AUTH", params: []tracker.Field{{"user", "a&b"}, {"pass", "x\r\ny&amp;z"}}}
	if got, want := c.line(tracker.Field{"tag", "t1"}), "AUTH user=a&amp;b&pass=x<br />y&amp;amp;z&tag=t1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		`<mylist uid="1"><mylistitem id="9" aid="1" eid="2" fid="3" viewdate="2026-08-23T01:02:03Z"><state>1</state></mylistitem></mylist>`,
		`<votes uid="1"><anime><vote aid="1">8.50</vote></anime><animetemporary><vote aid="2">x</vote></animetemporary></votes>`,
		`<anime id="1"><episodecount>2</episodecount><titles><title xml:lang="ja" type="main">A</title></titles><episodes><episode id="2"><epno type="1">1</epno></episode></episodes></anime>`,
		"t1 312 MULTIPLE MYLIST ENTRIES\nA|2|1-2,S1||||1,S1|G|1\n", "t1 221 MYLIST\n1|2|3|4|0|5|1|6||||0\n", "<error>Banned</error>", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m := &mylist{Anime: map[int64]*listed{}}
		if m.items(body) != nil {
			m = &mylist{Anime: map[int64]*listed{}}
		}
		_ = m.votes(body) // an error is as good as an answer
		in, err := infoIn(body)
		if err != nil {
			in = info{Episodes: []toldEpisode{{ID: "2", No: "1"}, {ID: "3", No: "S1"}}}
		}
		r, _ := parse(body, "t1")
		_ = verdict(body)
		_ = judge(&live.Answer{Status: 200, Body: body})
		m.of(1).Items = append(m.of(1).Items, recordIn(r))
		for _, no := range numbersIn(r.field(6), &in) {
			if _, ok := in.byNumber(no); !ok {
				t.Fatalf("the anime has no episode %q", no)
			}
		}
		for _, aid := range m.ids() {
			row := rowFrom(aid, m.Anime[aid], &in)
			for _, field := range row.Entry.Native {
				if !utf8.ValidString(field[1]) || strings.ContainsRune(field[1], 0) {
					t.Fatalf("what no database stores came through: %q", field)
				}
			}
		}
	})
}
