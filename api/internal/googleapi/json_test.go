package googleapi_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/api/internal/googleapi"
	"asapi/tasks"
)

type message struct {
	ID    googleapi.Int64   `json:"id"`
	Name  string            `json:"name"`
	Inner struct{ N int32 } `json:"inner"`
	IDs   []googleapi.Int64 `json:"ids"`
}

func TestAnIntegerIsWrittenQuotedAndReadQuotedOrBare(t *testing.T) {
	b, err := json.Marshal(message{ID: math.MaxInt64}.ID)
	if err != nil || string(b) != `"9223372036854775807"` {
		t.Errorf("written as %s, %v", b, err)
	}
	for text, want := range map[string]googleapi.Int64{
		`{"id":"9223372036854775807"}`: math.MaxInt64, `{"id":-9223372036854775808}`: math.MinInt64, `{"id":7}`: 7, `{"id":"7"}`: 7,
		`{"id":null}`: 0, `{}`: 0, `{"id":1e3}`: 1000, `{"id":"5.0"}`: 5,
	} {
		var got message
		if err := googleapi.Unmarshal([]byte(text), &got); err != nil || got.ID != want {
			t.Errorf("%s is %d, %v", text, got.ID, err)
		}
	}
}

func TestWhatIsWrongWithAMessageNamesItsField(t *testing.T) {
	for text, want := range map[string]tasks.Error{
		`{"id":"x"}`:           {Field: "id", Message: "The value must be an integer."},
		`{"id":1.5}`:           {Field: "id", Message: "The value must be an integer."},
		`{"id":""}`:            {Field: "id", Message: "The value must be an integer."},
		`{"id":1e300}`:         {Field: "id", Message: "The value must be an integer."},
		`{"id":{}}`:            {Field: "id", Message: "The value must be an integer."},
		`{"ids":[1,"x"]}`:      {Field: "ids", Message: "The value must be an integer."},
		`{"name":7}`:           {Field: "name", Message: "The value must be a string."},
		`{"inner":[]}`:         {Field: "inner", Message: "The value must be an object."},
		`{"inner":{"N":"x"}}`:  {Field: "inner.N", Message: "The value must be an integer."},
		`{"colour":"red"}`:     {Message: `Unknown name "colour": there is no such field here.`},
		`{"name":"a"`:          {Message: "The JSON is malformed."},
		`{"name":"a"} {}`:      {Message: "The JSON is malformed."},
		`{"name":"a"}garbage}`: {Message: "The JSON is malformed."},
	} {
		err := googleapi.Unmarshal([]byte(text), &message{})
		got, ok := errors.AsType[*tasks.Error](err)
		if !ok {
			t.Errorf("%s: %v", text, err)
			continue
		}
		want.Code = tasks.CodeInvalid
		if d := cmp.Diff(want, tasks.Error{Code: got.Code, Field: got.Field, Message: got.Message}); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
}

func FuzzUnmarshalOfIntegers(f *testing.F) {
	for _, seed := range []string{`{"id":"1"}`, `{"id":1e400}`, `{"id":"0x1p-2"}`, `{"id":null}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var got message
		if googleapi.Unmarshal(text, &got) != nil {
			return
		}
		b, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var again message
		if err := googleapi.Unmarshal(b, &again); err != nil || again.ID != got.ID {
			t.Errorf("%s came back as %s, %v", text, b, err)
		}
	})
}
