package trackers_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// samplesOf gives the real lists of a provider, where the samples folder is.
func samplesOf(t *testing.T, patterns ...string) map[string][]byte {
	t.Helper()
	root := os.Getenv("ASAPI_SAMPLES")
	if root == "" {
		root = "../../../shared/samples"
	}
	files := map[string][]byte{}
	for _, p := range patterns {
		names, err := filepath.Glob(filepath.Join(root, p))
		must(t, err)
		for _, name := range names {
			raw, err := os.ReadFile(name)
			must(t, err)
			files[filepath.Base(name)] = raw
		}
	}
	return files
}

// listFile imports a list file of a provider, under its own name; an empty
// provider is not given.
func listFile(provider, name string, raw []byte) args {
	values := map[string]string{"provider": provider}
	if provider == "" {
		values = nil
	}
	return args{values: values, files: map[string][]byte{"file": raw}, names: map[string]string{"file": name}}
}

// answer reads the entries of a saved AniList answer by means of its own; an
// entry that stands in several lists counts once.
func answer(t *testing.T, raw []byte) map[string]map[string]any {
	t.Helper()
	var doc struct {
		Data struct {
			MediaListCollection struct {
				Lists []struct{ Entries []map[string]any }
			}
		}
	}
	must(t, json.Unmarshal(raw, &doc))
	entries := map[string]map[string]any{}
	for _, l := range doc.Data.MediaListCollection.Lists {
		for _, e := range l.Entries {
			entries[fmt.Sprintf("%.0f", e["mediaId"])] = e
		}
	}
	return entries
}

// lacking gives what of the wanted entries the given ones do not have, with the
// same value; they may have more.
func lacking(want, got map[string]map[string]any) string {
	found := map[string]map[string]any{}
	for id, e := range want {
		found[id] = map[string]any{}
		for name := range e {
			value, ok := got[id][name]
			if media, inside := value.(map[string]any); inside && name == "media" {
				delete(media, "type") // what the work is may have stood elsewhere
			}
			if ok {
				found[id][name] = value
			}
		}
	}
	return cmp.Diff(want, found)
}

const ownAnswer = `{"data":{"MediaListCollection":{"lists":[
 {"name":"Watching","isCustomList":false,"entries":[
  {"mediaId":1,"status":"CURRENT","score":8.5,"progress":3,"repeat":0,"notes":"a \"b\"","private":true,"startedAt":{"year":2024,"month":5,"day":null},
   "completedAt":{"year":null,"month":null,"day":null},"updatedAt":0,"media":{"idMal":21,"episodes":12,"title":{"romaji":"Made Up"}}}]},
 {"name":"Completed OVA","isCustomList":false,"entries":[
  {"mediaId":2,"status":"COMPLETED","score":0,"progress":0,"repeat":2,"notes":null,"private":false,"startedAt":null,
   "completedAt":{"year":2021,"month":null,"day":null},"updatedAt":0,"media":{"idMal":null,"title":{"romaji":"Other"}}}]},
 {"name":"Best","isCustomList":true,"entries":[
  {"mediaId":2,"status":"COMPLETED","score":0,"progress":0,"repeat":2,"notes":null,"private":false,"startedAt":null,
   "completedAt":{"year":2021,"month":null,"day":null},"updatedAt":0,"media":{"idMal":null,"title":{"romaji":"Other"}}}]}]},
 "User":{"name":"x","mediaListOptions":{"scoreFormat":"POINT_10_DECIMAL"}}}}`

func TestEveryAniListAnswerComesBackValueByValue(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		files := samplesOf(t, "anilist/mediaListCollection*.json")
		files["own.json"] = []byte(ownAnswer)
		for name, raw := range files {
			want := answer(t, raw)
			got := b.report(b.do(name, "import-trackers", listFile("anilist", name, raw)))
			if got.Created != len(want) || got.Total != len(want) {
				t.Errorf("%s: %s, want %d created", name, got.counts(), len(want))
			}
			if again := b.report(b.do(name, "import-trackers", listFile("anilist", name, raw))); again.Unchanged != len(want) {
				t.Errorf("%s, imported again: %s", name, again.counts())
			}
			exported := b.do(name, "export-trackers", args{values: map[string]string{"provider": "anilist"}})
			if diff := lacking(want, answer(t, exported)); diff != "" {
				t.Errorf("%s, exported (-file +export):\n%s", name, clipped(diff))
			}
			if again := b.report(b.do(name, "import-trackers", listFile("anilist", name, exported))); again.Unchanged != len(want) {
				t.Errorf("%s, the export imported again: %s", name, again.counts())
			}
			other := name + ", a second time"
			if again := b.report(b.do(other, "import-trackers", listFile("anilist", name, exported))); again.Created != len(want) {
				t.Errorf("%s, the export imported into a fresh account: %s", name, again.counts())
			}
			if diff := lacking(want, answer(t, b.do(other, "export-trackers", args{values: map[string]string{"provider": "anilist"}}))); diff != "" {
				t.Errorf("%s, exported again (-file +export):\n%s", name, clipped(diff))
			}
			if again := b.report(b.do(other, "import-trackers", listFile("anilist", name, b.do(other, "export-trackers", args{values: map[string]string{"provider": "anilist", "format": "gdpr"}})))); again.Failed+again.Created > 0 || again.Total != len(want) {
				t.Errorf("%s, the data export imported again: %s", name, again.counts())
			}
		}
	})
}
