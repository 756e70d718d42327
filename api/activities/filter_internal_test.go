package activities

import (
	"net/url"
	"testing"
)

func TestFiltersNameWhatIsWantedOrLeaveOut(t *testing.T) {
	for query, want := range map[string]bool{
		"":                                  true,
		"filters=":                          true,
		"filters=activity,timeline":         true,
		"filters=timeline":                  false,
		"filters=-log":                      true,
		"filters=-activity":                 false,
		"filters=timeline,%20activity":      true,
		"filter=activity&filter=status":     true,
		"filter=status&filter=transcode":    false,
		"filters=activity,-activity":        false,
		"X-Plex-Token=x&filters=-log,-info": true,
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if got := wantsActivities(q); got != want {
			t.Errorf("%q: %t", query, got)
		}
	}
}
