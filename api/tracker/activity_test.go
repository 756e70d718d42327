package tracker_test

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"asapi/api/tracker/trackerpb"
)

func TestTheAnswerOfAnImportAndOfAnExportNamesItsActivity(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		m := w.member("ada")
		upload(t, m, "ann", entries(2))
		for _, method := range []string{"import", "export"} {
			answer, text := m.request("POST", "/v1alpha1/users/ann/trackers:"+method, `{"provider":"MYANIMELIST"}`)
			if got, want := answer.Header.Get("X-Plex-Activity"), taskOf(t, m, "ann"); answer.StatusCode != 200 || got != want {
				t.Errorf("over JSON the %s names %q, its task is %s: %d %s", method, got, want, answer.StatusCode, text)
			}
		}
		var header metadata.MD
		named := func(method string) {
			t.Helper()
			if got, want := header.Get("x-plex-activity"), taskOf(t, m, "ann"); len(got) != 1 || got[0] != want {
				t.Errorf("over gRPC the %s names %v, its task is %s", method, got, want)
			}
		}
		_, err := m.trackers().ImportTrackers(m.ctx(), &trackerpb.ImportTrackersRequest{Parent: "users/ann", Provider: trackerpb.Provider_MYANIMELIST}, grpc.Header(&header))
		m.must(err)
		named("import")
		_, err = m.trackers().ExportTrackers(m.ctx(), &trackerpb.ExportTrackersRequest{Parent: "users/ann", Provider: trackerpb.Provider_MYANIMELIST}, grpc.Header(&header))
		m.must(err)
		named("export")
		if answer, text := m.request("POST", "/v1alpha1/users/nobody/trackers:export", `{"provider":"MYANIMELIST"}`); answer.StatusCode == 200 || answer.Header.Get("X-Plex-Activity") != "" {
			t.Errorf("what is refused names %q: %d %s", answer.Header.Get("X-Plex-Activity"), answer.StatusCode, text)
		}
	})
}
