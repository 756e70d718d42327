package api_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"testing"

	"asapi/internal/testserver"
	"asapi/tasks"
)

// TestAResumedDownloadUsesTheResultUpAlsoWhenAllOfItHadBeenWritten breaks a
// download off that is small enough to lie in the kernels' buffers.
func TestAResumedDownloadUsesTheResultUpAlsoWhenAllOfItHadBeenWritten(t *testing.T) {
	w := newWorldWith(t, settings{hub: slowHeartbeats})
	m := w.member("ada")
	payload := noise(40_000)
	id := m.published(tasks.ASStore, payload)
	r := m.fetchSlowly(id)
	got := make([]byte, 10_000)
	r.read(got)
	r.reset()
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(payload))
	m.resumed(id, "bytes=0-0", tag)
	if m.retrieved(id) {
		t.Fatal("one byte that came again used the result up")
	}
	rest := m.resumed(id, "bytes=10000-", tag)
	if !bytes.Equal(append(got, rest.text...), payload) {
		t.Error("the parts are not the whole")
	}
	testserver.Eventually(t, patience, func() bool { return m.retrieved(id) }, "the consumption")
}

// resumed fetches a part once nobody else has the result.
func (m *member) resumed(id tasks.ID, bytes, tag string) answer {
	m.w.t.Helper()
	var a answer
	testserver.Eventually(m.w.t, patience, func() bool {
		a = m.fetch(id, "Range", bytes, "If-Range", tag)
		return a.status != http.StatusConflict
	}, "the end of another download's claim")
	return m.w.is(a, http.StatusPartialContent)
}
