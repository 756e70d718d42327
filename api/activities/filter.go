package activities

import (
	"net/url"
	"slices"
	"strings"
)

// wanted is the one kind of notification that this server has.
const wanted = "activity"

// wantsActivities reads filters=activity,timeline, filters=-log, filters= and the
// repeated filter=activity&filter=status that one client sends. No filter: all.
// Names behind a minus are all that is left out; with both kinds, a name has to be
// given and not left out.
func wantsActivities(q url.Values) bool {
	var in, out []string
	for _, list := range slices.Concat(q["filters"], q["filter"]) {
		for name := range strings.SplitSeq(list, ",") {
			name = strings.TrimSpace(name)
			if without, ok := strings.CutPrefix(name, "-"); ok {
				out = append(out, without)
			} else if name != "" {
				in = append(in, name)
			}
		}
	}
	return !slices.Contains(out, wanted) && (len(in) == 0 || slices.Contains(in, wanted))
}
