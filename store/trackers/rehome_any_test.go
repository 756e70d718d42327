package trackers_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
)

// anyHistory is what one client goes through: two lists of the same works, and
// two files of references that agree in part.
type anyHistory struct {
	mal, ani   []byte
	fribb, api string
}

func newHistory(r *rand.Rand) anyHistory {
	var h anyHistory
	var mal, ani, rows []string
	lines := []string{"title\tmyanimelist\tanilist\tanidb"}
	ids := r.Perm(8)
	for i := range 8 {
		malID, aniID := i+1, ids[i]+101
		status := []string{"Watching", "Completed", "Plan to Watch"}[r.IntN(3)]
		mal = append(mal, anime(malID, status, el("my_watched_episodes", fmt.Sprint(r.IntN(12)))))
		ani = append(ani, aniEntry(aniID, []string{"CURRENT", "COMPLETED", "PLANNING"}[r.IntN(3)], r.IntN(12), unset))
		row := func() string {
			if r.IntN(5) == 0 {
				return fmt.Sprint(ids[r.IntN(8)] + 101)
			}
			return fmt.Sprint(aniID)
		}
		if r.IntN(4) > 0 {
			rows = append(rows, fmt.Sprintf(`{"mal_id": %d, "anilist_id": %s, "anidb_id": %d, "kitsu_id": 1}`, malID, row(), r.IntN(8)+201))
		}
		if r.IntN(4) > 0 {
			lines = append(lines, fmt.Sprintf("x\t%d\t%s\t", malID, row()))
		}
	}
	h.mal, h.ani = listOf(mal...), answerOf(ani...)
	h.fribb, h.api = "["+strings.Join(append(rows, `{"kitsu_id": 1}`), ",\n")+"]", strings.Join(append(lines, ""), "\n")
	return h
}

// live goes through the history in an order; moves says after which steps what
// is due is moved.
func (b *bench) live(client tasks.ClientID, h anyHistory, order []int, moves func() bool) map[string]string {
	b.tb.Helper()
	steps := []func(){
		func() { b.load(client, h.fribb) },
		func() { b.load(client, h.api) },
		func() { b.doFor(client, "x", "import-trackers", importing(h.mal)) },
		func() { b.doFor(client, "x", "import-trackers", listFile("anilist", "answer.json", h.ani)) },
	}
	for _, i := range order {
		if steps[i](); moves() {
			b.rehome()
		}
	}
	b.rehome()
	found := map[string]string{}
	for _, line := range b.strings(fmt.Sprintf(`SELECT t.resource || ' ' || t.state || ' ' || t.first_done || ' ' || COALESCE(r.provider || r.native_id, '-')
		FROM trackers t LEFT JOIN provider_records r ON r.tracker_id = t.id WHERE t.client_id = %d ORDER BY 1`, client)) {
		name, rest, _ := strings.Cut(line, " ")
		found[name] += rest + "; "
	}
	return found
}

func (b *bench) doFor(client tasks.ClientID, account, action string, a args) {
	b.tb.Helper()
	_, err := b.run(b.begin(client, account, action), a)
	must(b.tb, err)
}

func TestInWhateverOrderThingsAreLoadedAndImportedTheTrackersAreTheSame(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		for seed := range uint64(12) {
			r := rand.New(rand.NewPCG(seed, 7))
			h := newHistory(r)
			want := b.live(b.newClient(fmt.Sprintf("in order %d", seed)), h, []int{0, 1, 2, 3}, func() bool { return true })
			if len(want) < 8 {
				t.Fatalf("seed %d: only %v", seed, slices.Sorted(maps.Keys(want)))
			}
			order := r.Perm(4)
			got := b.live(b.newClient(fmt.Sprintf("any order %d", seed)), h, order, func() bool { return r.IntN(2) == 0 })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("seed %d, order %v (-in order +in this order):\n%s\n%s\n%s", seed, order, diff, h.fribb, h.api)
			}
		}
	})
}
