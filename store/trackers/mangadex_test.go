package trackers_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ownFollows = `[
{"id":"0a1b2c3d-0000-4000-8000-000000000001","title":"Made Up","status":"reading","rating":8,"chapters":["1","2","10.5",{"id":"x","chapter":"2"}],"links":{"al":"7","mal":"9"},"x":{"y":[1]}},
{"id":"0a1b2c3d-0000-4000-8000-000000000002","title":"Other","status":"re_reading","rating":null,"chapters":[],"links":null},
{"id":"0a1b2c3d-0000-4000-8000-000000000003","title":"Third","status":null,"rating":null,"chapters":null,"links":{}},
{"id":null,"title":"Without an id","status":"dropped","rating":1,"chapters":["5"],"links":null}]`

func TestMangaDexListsComeBackAsTheyCame(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		export := func(account, format string) []byte {
			return b.do(account, "export-trackers", args{values: map[string]string{"provider": "mangadex", "format": format}})
		}
		imports := func(account, name string, raw []byte) report {
			return b.report(b.do(account, "import-trackers", listFile("mangadex", name, raw)))
		}
		entries := func(raw []byte) (list []map[string]any) {
			must(t, json.Unmarshal(raw, &list))
			return list
		}
		if got := imports("alice", "list.json", []byte(ownFollows)); got.Created != 4 || got.Items[3].Reason == "" {
			t.Fatalf("%s, %v", got.counts(), got.Items)
		}
		exported := export("alice", "mangadex")
		if diff := cmp.Diff(entries([]byte(ownFollows)), entries(exported)); diff != "" {
			t.Errorf("exported (-file +export):\n%s", diff)
		}
		if got := imports("alice", "list.json", exported); got.Unchanged != 4 {
			t.Errorf("the export imported again: %s", got.counts())
		}
		table := export("alice", "csv")
		if got := imports("bob", "follows.csv", table); got.Created != 4 {
			t.Errorf("the table imported into a fresh account: %s", got.counts())
		}
		if again := export("bob", "csv"); string(again) != string(table) {
			t.Errorf("the table written again is another (-first +second):\n%s", cmp.Diff(string(table), string(again)))
		}
	})
}
