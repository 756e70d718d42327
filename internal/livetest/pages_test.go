package livetest

import (
	"os"
	"strings"
	"testing"
)

func TestThePageOfEachProviderSaysHowToConnectWhatIsCarriedAndHowLongItTakes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, set := range scenes {
		set(b)
	}
	live, err := os.ReadFile("../../docs/providers/live.md")
	b.must(err)
	for _, adapter := range b.lives {
		p := string(adapter.Format().Provider())
		page, err := os.ReadFile("../../docs/providers/" + p + ".md")
		b.must(err)
		_, text, _ := strings.Cut(string(page), "\n## Through the API\n")
		for _, part := range []string{"**To connect**", "**Carried", "**Not carried**", "**Limits and waits**", "asapi credential add " + p, "(live.md)"} {
			if !strings.Contains(text, part) {
				t.Errorf("the page of %s has no %q in its section about the API", p, part)
			}
		}
		if !strings.Contains(string(live), "`"+p+"`](") {
			t.Errorf("the table of live.md does not lead to the page of %s", p)
		}
	}
}
