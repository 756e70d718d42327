package tracker_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"asapi/api/tracker/trackerpb"
	"asapi/store/storetest"
	library "asapi/tasks/tracker"
)

// A page of trackers is a message that clients take which say nothing of its size:
// 4 MB.
func TestAPageOfLargeTrackersIsShorterThanAskedFor(t *testing.T) {
	bothWays(t, func(t *testing.T, m *member, call way) {
		owner := library.UserOf(m.client.ID, "ann")
		sizes := []int{700, 700, 700, 3200, 10} // completed parts of a thousand bytes; the fourth is beyond the bound alone
		for i, parts := range sizes {
			m.must(m.lists.Write(t.Context(), owner, library.Want{}, func(h *library.Held) error {
				work := fmt.Sprintf("animes/%d", i+1)
				tracker, _ := h.Tracker(work)
				for part := range parts {
					name := fmt.Sprintf("%s/episodes/%06d%s", work, part, strings.Repeat("x", 1000))
					h.Completions = append(h.Completions, library.Completion{Tracker: tracker, Resource: name})
				}
				return nil
			}))
		}
		var pages [][]string
		ask := &trackerpb.ListTrackersRequest{Parent: "users/ann", PageSize: 1000}
		for first := true; first || ask.GetPageToken() != ""; first = false {
			page := &trackerpb.ListTrackersResponse{}
			m.must(call(m, trackerService+"ListTrackers", ask, page))
			var works []string
			for _, one := range page.GetTrackers() {
				works = append(works, strings.TrimPrefix(one.GetResource(), "animes/"))
			}
			text, err := protojson.Marshal(page)
			m.must(err)
			if len(works) > 1 && (proto.Size(page) > 4<<20 || len(text) > 4<<20) {
				t.Errorf("the page of %v has %d bytes, as JSON %d", works, proto.Size(page), len(text))
			}
			pages, ask.PageToken = append(pages, works), page.GetNextPageToken()
		}
		if got := fmt.Sprint(pages); got != "[[1 2 3] [4] [5]]" {
			t.Errorf("the pages are %v", got)
		}
	})
}

func TestWhatJSONCannotBeReadAsSaysWhatItMayBe(t *testing.T) {
	m := newWorld(t, storetest.SQLite(t)).member("one")
	for request, want := range map[string]string{
		`POST /v1alpha1/users/bo/trackers {"tracker":{"resource":"animes/1","state":"WATCHING"}}`:    `tracker.state: state must be one of STATE_UNSPECIFIED, IN_PROGRESS, COMPLETED and ON_HOLD, not "WATCHING".`,
		`PATCH /v1alpha1/users/bo/trackers/1 {"tracker":{"state":"WATCHING"},"updateMask":"state"}`:  `tracker.state: state must be one of STATE_UNSPECIFIED, IN_PROGRESS, COMPLETED and ON_HOLD, not "WATCHING".`,
		`PATCH /v1alpha1/users/bo/trackers/1?updateMask=state {"state":"WATCHING"}`:                  `tracker.state: state must be one of STATE_UNSPECIFIED, IN_PROGRESS, COMPLETED and ON_HOLD, not "WATCHING".`,
		`POST /v1alpha1/users/bo/trackers:import {"provider":"KITSU"}`:                               `provider must be one of PROVIDER_UNSPECIFIED, MYANIMELIST, MANGADEX, ANILIST, ANIDB, MANGAUPDATES and VNDB, not "KITSU".`,
		`POST /v1alpha1/users/bo/trackers/1/activities {"activity":{"from":"soon"}}`:                 `activity.from: from must be a whole number of at most 2147483647, not "soon".`,
		`POST /v1alpha1/users/bo/trackers {"tracker":{"resource":7}}`:                                `tracker.resource: resource must be a text, not 7.`,
		`GET /v1alpha1/users/bo/trackers?page_size=many `:                                            `page_size must be a whole number of at most 2147483647.`,
		`GET /v1alpha1/users/bo/trackers?pageSize=99999999999 `:                                      `page_size must be a whole number of at most 2147483647.`,
		`GET /v1alpha1/operations?return_partial_success=often `:                                     `return_partial_success must be true or false.`,
		`POST /v1alpha1/users/bo/trackers {"tracker":{"resource":"animes/1","startTime":"at noon"}}`: `The JSON does not fit the request: `,
	} {
		method, rest, _ := strings.Cut(request, " ")
		path, body, _ := strings.Cut(rest, " ")
		resp, text := m.request(method, path, body)
		if unquoted := strings.ReplaceAll(text, `\"`, `"`); resp.StatusCode != 400 || !strings.Contains(unquoted, want) {
			t.Errorf("%s: %d %s", request, resp.StatusCode, text)
		}
	}
}
