package myanimelist

import (
	"testing"

	"asapi/tasks/tracker/live"
)

func TestOnlyA403ThatIsNotAboutWhatWasAskedIsAWait(t *testing.T) {
	for body, waits := range map[string]bool{
		"<html><title>403 Forbidden</title></html>": true,
		"": true,
		`{"message":"DoS detected","error":"forbidden"}`:        true,
		`{"message":"","error":"forbidden"}`:                    false,
		`{"message":"The list is private","error":"forbidden"}`: false,
	} {
		v := judge(&live.Answer{Status: 403, Body: []byte(body)})
		if (v.Wait > 0) != waits || v.Broken != "" {
			t.Errorf("403 with %q is %+v", body, v)
		}
	}
}
