package trackers_test

import (
	"bytes"
	"fmt"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ownAniDB = `<MyList>
<Anime Id="7" Eps="3" Name="Made Up" MyVote="8.5"><Ep Id="71" EpNo="1" StateIsWatched="1"><File Id="1" LId="2" ViewDate="2006-08-18T22:00:00Z" IsWathed="1" /></Ep><Ep Id="73" EpNo="3" StateIsWatched="1" /><Ep Id="74" EpNo="S1" StateIsWatched="1" /></Anime>
<Anime Id="8" Eps="1" Name="Whole" MyVote="NaN" IsWatched="1"></Anime>
<Anime Eps="1" Name="Without an id"></Anime>
<Anime Id="9" Eps="many" Name="Wrong"></Anime>
</MyList>`

// entriesOfAniDB counts the anime of a file by means of its own.
func entriesOfAniDB(raw []byte) int {
	if bytes.HasPrefix(raw, []byte("AID|")) {
		return bytes.Count(bytes.TrimSpace(raw), []byte("\n"))
	}
	return len(regexp.MustCompile(`<Anime\s`).FindAll(raw, -1))
}

func TestAniDBListsComeBackAsTheyCame(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		imports := func(account, name string, raw []byte) report {
			return b.report(b.do(account, "import-trackers", listFile("anidb", name, raw)))
		}
		export := func(account, format string) []byte {
			return b.do(account, "export-trackers", args{values: map[string]string{"provider": "anidb", "format": format}})
		}
		if got := imports("alice", "list.xml", []byte(ownAniDB)); got.counts() != "2 created, 0 updated, 0 unchanged, 1 skipped, 1 failed" || got.Items[2].Reason == "" || got.Items[3].Reason == "" {
			t.Fatalf("%s, %v", got.counts(), got.Items)
		}
		files := samplesOf(t, "anidb/*.xml", "anidb/*.csv", "anidb/*.tgz", "anidb/*.json")
		files["own.xml"] = export("alice", "")
		n := 0
		for name, raw := range files {
			n++
			first, second := fmt.Sprintf("a%d", n), fmt.Sprintf("b%d", n)
			want := entriesOfAniDB(raw)
			got := imports(first, name, raw)
			if got.Created != want || want == 0 {
				t.Errorf("%s: of %d entries %s", name, want, got.counts())
			}
			if again := imports(first, name, raw); again.Unchanged != want {
				t.Errorf("%s, imported again: %s", name, again.counts())
			}
			for _, format := range []string{"xml-plain-cs", "csv-adborg", "json-adborg"} {
				account := second + format
				exported := export(first, format)
				if again := imports(account, "", exported); again.Created != want {
					t.Errorf("%s, as %s in a fresh account: %s", name, format, again.counts())
				}
				if diff := cmp.Diff(states(b, first), states(b, account)); diff != "" {
					t.Errorf("%s, as %s (-file +export):\n%s", name, format, diff)
				}
			}
			if again := export(second+"xml-plain-cs", "xml-plain-cs"); !bytes.Equal(bytes.ReplaceAll(again, []byte(second+"xml-plain-cs"), []byte(first)), export(first, "xml-plain-cs")) {
				t.Errorf("%s: the export of its export is another", name)
			}
		}
	})
}

// states tells how far an account is with each work.
func states(b *bench, account string) map[string]string {
	list := map[string]string{}
	for resource, t := range b.all(account) {
		list[resource] = fmt.Sprint(t.State, t.Done())
	}
	return list
}
