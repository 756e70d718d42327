package trackers_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/store/storetest"
	"asapi/tasks/tracker"
)

const ownNovels = `<?xml version="1.0" encoding="UTF-8"?>
<vndb-export version="1.0" date="2026-05-04T00:00:00Z">
<user><name>alice</name><url>https://vndb.org/u2</url></user>
<labels><label id="2" label="Finished" private="false"/><label id="5" label="Wishlist" private="true"/><label id="7" label="Voted" private="false"/><label id="10" label="Mine" private="true"/></labels>
<vns>
<vn id="v17" private="false"><title original="三">Made Up</title><label id="2" label="Finished"/><label id="7" label="Voted"/><added>2020-01-01T00:00:00Z</added><vote timestamp="2021-02-03T04:05:06Z">8.5</vote><started>2023-01-02</started><finished>2023-02-03</finished><notes>one
two</notes><release id="r12"><title>Trial</title><status>Obtained</status></release></vn>
<vn id="v18" private="true"><title>Other</title><label id="5" label="Wishlist"/><label id="10" label="Mine"/><added>2020-01-01T00:00:00Z</added></vn>
<vn id="v19" private="false"><title>Only a vote</title><label id="7" label="Voted"/><vote>3</vote></vn>
<vn id="v20" private="false"><title>Never</title><label id="6" label="Blacklist"/></vn>
<vn id="v21" private="false"><title>Broken</title><label id="2" label="Finished"/><vote>11</vote></vn>
</vns>
<length-votes><vn id="v17" private="false"><title>Made Up</title><minutes>600</minutes></vn></length-votes>
</vndb-export>`

var novelPattern = regexp.MustCompile(`(?s)<vn id="[^"]*"[^>]*>.*?</vn>`)

// novels gives the entries of an export as texts, by means of its own.
func novels(raw []byte) []string {
	inside, _, _ := strings.Cut(string(raw), "</vns>")
	var list []string
	for _, entry := range novelPattern.FindAllString(inside, -1) {
		entry = strings.ReplaceAll(entry, "&#xA;", "\n")
		list = append(list, regexp.MustCompile(`>\s+<`).ReplaceAllString(entry, "><"))
	}
	return list
}

func (b *bench) novelsOut(account string) []byte {
	b.tb.Helper()
	return b.do(account, "export-trackers", args{values: map[string]string{"provider": "vndb"}})
}

func TestVNDBListsComeBackAsTheyCame(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		got := b.report(b.do("alice", "import-trackers", listFile("", "vndb-list-export-alice.xml", []byte(ownNovels)))) // recognised
		if got.counts() != "2 created, 0 updated, 0 unchanged, 2 skipped, 1 failed" {
			t.Fatalf("%s, %v", got.counts(), got.Items)
		}
		for i, says := range map[int]string{2: "only has a vote", 3: "blacklist", 4: `vote says "11"`} {
			if !strings.Contains(got.Items[i].Reason, says) {
				t.Errorf("item %d says %q, want %q", i, got.Items[i].Reason, says)
			}
		}
		all := b.all("alice")
		if done, planned := all["visualNovels/vndb-v17"], all["visualNovels/vndb-v18"]; done.State != tracker.Completed || done.End.Format("2006-01-02") != "2023-02-03" || planned.State != tracker.Unspecified || planned.ID == 0 {
			t.Errorf("the trackers are %+v and %+v", done, planned)
		}
		exported := b.novelsOut("alice")
		want := novels([]byte(ownNovels))[:2]
		if diff := cmp.Diff(want, novels(exported)); diff != "" {
			t.Errorf("exported (-file +export):\n%s", diff)
		}
		if !strings.Contains(string(exported), `<label id="10" label="Mine" private="true"/>`) {
			t.Errorf("the export does not declare its labels:\n%s", exported)
		}
		if again := b.report(b.do("alice", "import-trackers", listFile("vndb", "", exported))); again.Unchanged != 2 {
			t.Errorf("the export imported again: %s", again.counts())
		}
		if fresh := b.report(b.do("bob", "import-trackers", listFile("", "", exported))); fresh.Created != 2 {
			t.Errorf("the export imported into a fresh account: %s", fresh.counts())
		}
		if diff := cmp.Diff(strings.Replace(string(exported), ">alice<", ">bob<", 1), string(b.novelsOut("bob"))); diff != "" {
			t.Errorf("exported again (-first +second):\n%s", diff)
		}
	})
}

func TestWhatHappenedSinceIsWrittenAsALabel(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.report(b.do("alice", "import-trackers", listFile("vndb", "", []byte(ownNovels))))
		b.tracks("alice", activity("visualNovels/vndb-v18", `"completed":true`)+activity("visualNovels/vndb-v99", ""))
		out := string(b.novelsOut("alice"))
		for _, want := range []string{
			"<title>Other</title>\n<label id=\"2\" label=\"Finished\"/>\n<label id=\"10\" label=\"Mine\"/>", "<finished>2026-01-02</finished>",
			"<vn id=\"v99\" private=\"false\">\n<label id=\"1\" label=\"Playing\"/>\n<started>2026-01-02</started>",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("the export lacks %s:\n%s", want, out)
			}
		}
	})
}

func TestVotesOfTheDumpJoinTheListTheyAreOf(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.report(b.do("alice", "import-trackers", listFile("vndb", "", []byte(ownNovels))))
		got := b.report(b.do("alice", "import-trackers", listFile("", "votes", []byte("17 2 90 2024-05-17\n30 2 70 2024-05-18\n31 2 700 2024-05-18\n"))))
		if got.counts() != "1 created, 1 updated, 0 unchanged, 0 skipped, 1 failed" || !strings.Contains(got.Items[1].Reason, "taken as finished") {
			t.Fatalf("%s, %v", got.counts(), got.Items)
		}
		out := string(b.novelsOut("alice"))
		for _, want := range []string{`<vote timestamp="2024-05-17T00:00:00Z">9</vote>`, "<title original=\"三\">Made Up</title>", `<vote timestamp="2024-05-18T00:00:00Z">7</vote>`} {
			if !strings.Contains(out, want) {
				t.Errorf("the export lacks %s:\n%s", want, out)
			}
		}
	})
}

func TestEveryVNDBSampleIsAccountedForAndComesBack(t *testing.T) {
	root := os.Getenv("ASAPI_SAMPLES")
	if root == "" {
		root = "../../../shared/samples"
	}
	files := map[string][]byte{"own": []byte(ownNovels)}
	for _, pattern := range []string{"*.xml", "*.xml.gz"} {
		names, err := filepath.Glob(filepath.Join(root, "vndb", pattern))
		must(t, err)
		for _, name := range names {
			raw, err := os.ReadFile(name)
			must(t, err)
			files[filepath.Base(name)] = raw
		}
	}
	b := newBench(t, storetest.SQLite(t))
	n := 0
	for name, raw := range files {
		n++
		first, second := fmt.Sprintf("a%d", n), fmt.Sprintf("b%d", n)
		got := b.report(b.do(first, "import-trackers", listFile("", name, raw)))
		if want := len(novels(unpacked(t, raw))); got.Total != want || got.Created+got.Skipped+got.Failed != want {
			t.Errorf("%s has %d entries; %s", name, want, got.counts())
		}
		for _, item := range got.Items {
			if (item.Outcome == "skipped" || item.Outcome == "failed") && item.Reason == "" {
				t.Errorf("%s: %s is %s without a reason", name, item.Key, item.Outcome)
			}
		}
		exported := b.novelsOut(first)
		if again := b.report(b.do(second, "import-trackers", listFile("", "", exported))); again.Created != got.Created {
			t.Errorf("%s, exported and imported again: %s, after %s", name, again.counts(), got.counts())
		}
		if diff := cmp.Diff(novels(exported), novels(b.novelsOut(second))); diff != "" {
			t.Errorf("%s (-exported +exported again):\n%s", name, clipped(diff))
		}
	}
}
