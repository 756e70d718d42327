package zerotouch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"asapi/api/internal/googleapi"
	"asapi/tasks"
)

type entry struct {
	ID   googleapi.Int64 `json:"id"`
	Text string          `json:"text"`
}

func checkEntry(b []byte) error { return googleapi.Unmarshal(b, &entry{}) }

func TestTheEntriesOfABatchArePassedOn(t *testing.T) {
	for body, want := range map[string]string{
		`{"claims":[{"id":1},{"id":"2"}]}`:                          `{"claims":[{"id":1},{"id":"2"}]}`,
		"{ \"claims\" :\n[ { \"id\" : 1 , \"text\":\"a b\" } ] }\n": `{"claims":[{"id":1,"text":"a b"}]}`,
	} {
		for name, r := range map[string]io.Reader{"whole": strings.NewReader(body), "in bytes": iotest.OneByteReader(strings.NewReader(body))} {
			got, err := io.ReadAll(newEntries(r, "claims", checkEntry))
			if err != nil || strings.ReplaceAll(string(got), "\n", "") != want {
				t.Errorf("%s %s: %q, %v", body, name, got, err)
			}
		}
	}
}

func TestABodyThatIsNoBatchSaysWhereItIsWrong(t *testing.T) {
	long := `{"text":"` + strings.Repeat("a", 2*entryBytes) + `"}`
	for body, want := range map[string]struct{ field, message string }{
		``:                                       {"", "The body"},
		`[]`:                                     {"", "not a JSON object"},
		`7`:                                      {"", "not a JSON object"},
		`{"claims":[]}`:                          {"claims", "at least one"},
		`{"claims":null}`:                        {"claims", "at least one"},
		`{}`:                                     {"claims", "at least one"},
		`{"claims":{}}`:                          {"claims", "must be a list"},
		`{"claims":7}`:                           {"claims", "must be a list"},
		`{"unclaims":[]}`:                        {"", `Unknown name "unclaims"`},
		`{"claims":[],"claims":[]}`:              {"", `Unknown name "claims"`},
		`{"claims":[{"id":1}`:                    {"", "broke off"},
		`{"claims":[{"id":1},{"id"`:              {"", "broke off"},
		`{"claims":[{"id":1}]`:                   {"", "broke off"},
		`{"claims":[{"id":1}]}}`:                 {"", "malformed"},
		`{"claims":[{"id":1}]} {}`:               {"", "malformed"},
		`{"claims":[{"id":1} {"id":2}]}`:         {"claims[1]", "malformed"},
		`{"claims":[{"id":1},7]}`:                {"claims[1]", "must be an object"},
		`{"claims":[{"id":1},{"id":"x"}]}`:       {"claims[1].id", "must be an integer"},
		`{"claims":[{"id":1},{"colour":"red"}]}`: {"claims[1]", `Unknown name "colour"`},
		`{"claims":[{"id":1},` + long + `]}`:     {"claims[1]", "One entry is larger"},
		`{"claims":[` + strings.Repeat(" ", 2*entryBytes) + `]}`:   {"claims[0]", "One entry is larger"},
		`{"claims":[` + strings.Repeat(`{},`, maxEntries) + `{}]}`: {"claims", "more than 100000 devices"},
	} {
		_, err := io.Copy(io.Discard, newEntries(strings.NewReader(body), "claims", checkEntry))
		fault, ok := errors.AsType[*tasks.Error](err)
		if !ok || fault.Field != want.field || !strings.Contains(fault.Message, want.message) {
			t.Errorf("%s: %+v", tasks.Clip(body, 60), err)
		}
	}
}

func TestAFaultOfTheConnectionIsToldAsItIs(t *testing.T) {
	slow := &tasks.Error{Code: tasks.CodeTooLarge, Message: "Too much."}
	body := io.MultiReader(strings.NewReader(`{"claims":[`), iotest.ErrReader(slow))
	_, err := io.Copy(io.Discard, newEntries(body, "claims", checkEntry))
	if fault, ok := errors.AsType[*tasks.Error](err); !ok || fault.Message != slow.Message {
		t.Errorf("%v", err)
	}
}

// claims gives the body of a batch of n entries as a stream.
func claims(n int) io.Reader {
	r, w := io.Pipe()
	go func() { // ends with the body, or with its reader
		_, err := io.WriteString(w, `{"claims":[`)
		for i := 0; i < n && err == nil; i++ {
			comma := ","
			if i == 0 {
				comma = ""
			}
			_, err = fmt.Fprintf(w, `%s{"id":"%d","text":"%s"}`, comma, i, strings.Repeat("x", 250))
		}
		if err == nil {
			_, err = io.WriteString(w, `]}`)
		}
		_ = w.CloseWithError(err)
	}()
	return r
}

func TestAHundredThousandEntriesAreNeverInMemoryTogether(t *testing.T) {
	e := newEntries(claims(maxEntries), "claims", func(b []byte) error {
		if !json.Valid(b) {
			return errors.New("no JSON")
		}
		return nil
	})
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var most uint64
	buf := make([]byte, 1<<20)
	for {
		_, err := io.ReadFull(e, buf)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		runtime.ReadMemStats(&now)
		most = max(most, now.HeapAlloc)
	}
	if e.count != maxEntries || most > before.HeapAlloc+8<<20 {
		t.Errorf("%d entries took %d bytes", e.count, int64(most)-int64(before.HeapAlloc))
	}
}

func FuzzEntries(f *testing.F) {
	for _, seed := range []string{`{"claims":[{"id":1}]}`, `{"claims":[{"id":1},{"text":"\u0000"}]}`, `{"claims":[[[[`, `{"claims":null}x`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		e := newEntries(strings.NewReader(body), "claims", checkEntry)
		got, err := io.ReadAll(e)
		if err != nil {
			if _, ok := errors.AsType[*tasks.Error](err); !ok {
				t.Errorf("%q: %v is no fault", body, err)
			}
			return
		}
		var whole struct{ Claims []json.RawMessage }
		for name, text := range map[string][]byte{"what came": []byte(body), "what was passed on": got} {
			if err := json.Unmarshal(text, &whole); err != nil || int64(len(whole.Claims)) != e.count {
				t.Errorf("%s of %q: %d entries, but %d, %v", name, body, e.count, len(whole.Claims), err)
			}
		}
	})
}
