package trackers_test

import (
	"strings"
	"testing"
)

func TestMangaUpdatesListsComeBackAsTheyCame(t *testing.T) {
	const head = "Series\tVolume\tChapter\tDate Changed\tRating\n"
	lists := map[string]string{
		"read_2024-05-17.txt": head + "Made Up\t3\t12.5\tMay 17th\t7.5\nOther\t\t\t\tN/A\n", "wish_2024-05-17.txt": head + "Third\t\t\t\tN/A\n",
		"unfinished.txt": head + "Fourth\t1\t2\t\t3\n",
	}
	onBoth(t, func(t *testing.T, b *bench) {
		export := func(account, format string) []byte {
			return b.do(account, "export-trackers", args{values: map[string]string{"provider": "mangaupdates", "format": format}})
		}
		for _, name := range []string{"read_2024-05-17.txt", "unfinished.txt", "wish_2024-05-17.txt"} {
			raw := []byte(lists[name])
			got := b.report(b.do("alice", "import-trackers", listFile("mangaupdates", name, raw)))
			if got.Created != got.Total || !strings.Contains(got.Items[0].Reason, "kept by its title") {
				t.Errorf("%s: %s, %v", name, got.counts(), got.Items)
			}
			if again := b.report(b.do("alice", "import-trackers", listFile("", name, raw))); again.Unchanged != got.Total {
				t.Errorf("%s, imported again without a provider: %s", name, again.counts())
			}
		}
		table := export("alice", "tsv")
		want := strings.TrimSpace(head) + "\tList\nMade Up\t3\t12.5\tMay 17th\t7.5\tread\nOther\t\t\t\tN/A\tread\nFourth\t1\t2\t\t3\tunfinished\nThird\t\t\t\tN/A\twish\n"
		if string(table) != want {
			t.Errorf("the table is\n%s\nwant\n%s", table, want)
		}
		if got := b.report(b.do("bob", "import-trackers", listFile("mangaupdates", "any.tsv", table))); got.Created != 4 {
			t.Errorf("the table imported into a fresh account: %s", got.counts())
		}
		archive := export("bob", "archive")
		if got := b.report(b.do("carol", "import-trackers", listFile("", "any.tar.gz", archive))); got.Created != 4 {
			t.Errorf("the archive imported into a fresh account: %s", got.counts())
		}
		if fault := b.refused("dave", "import-trackers", listFile("mangaupdates", "list.txt", []byte(lists["unfinished.txt"]))); !strings.Contains(fault.Message, "Name the file after the list") {
			t.Errorf("a file that does not say which list it is: %v", fault)
		}
	})
}
