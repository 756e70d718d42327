package anidb_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/anidb"
)

func read(document string) ([]tracker.Row, error) {
	var rows []tracker.Row
	err := anidb.Format{}.Read(tracker.InputOf("", document), func(r tracker.Row) error {
		rows = append(rows, r)
		return nil
	})
	return rows, err
}

// The same two anime in every template: one of three episodes was watched twice
// and a half, the other wholly.
const (
	plainCS = `<?xml version='1.0' encoding='utf-8'?>
<MyList>
<User Id="9" Name="maker" AnimeCount="2" />
<GenreN Id="80" Name="Made up" />
<Anime Id="7" Eps="3" EpsSpecial="1" EpsTotal="4" YearStart="2003" YearEnd="2004" TypeName="OVA" IsComplete="1" Name="Made &amp; Up" TitleEng="Up" MyVote="8.5" MyVoteDate="2006-08-18T22:01:00Z" MyTmpVote="NaN">
<Company Id="1" Name="None" />
<Ep Id="71" EpNo="1" Name="One" Length="30" StateIsWatched="1">
<File Id="711" LId="5" Storage="a005" ViewDate="2006-08-18T22:00:00Z" IsWathed="1" MyState="2"><Video AR="20" /></File>
</Ep>
<Ep Id="72" EpNo="2"><File Id="721" LId="6" MyState="1" ViewDate="2006-09-01T10:00:00Z" IsWathed="1" /></Ep>
<Ep Id="73" EpNo="3" StateIsWatched="0"><File Id="731" LId="7" /></Ep>
<Ep Id="74" EpNo="S1" StateIsWatched="1" />
</Anime>
<Anime Id="8" Eps="1" IsWatched="1" Name="Whole" MyVote="NaN" MyTmpVote="4"><Ep Id="81" EpNo="1" StateIsWatched="1" /></Anime>
</MyList>`

	plainNew = `<my_anime_list>
<anime><AnimeID><![CDATA[7]]></AnimeID><RomajiName><![CDATA[Made & Up]]></RomajiName><EnglishName><![CDATA[Up]]></EnglishName><Eps><![CDATA[3]]></Eps><MyVote><![CDATA[8.5]]></MyVote><MyTempVote><![CDATA[-]]></MyTempVote></anime>
<anime><AnimeID>8</AnimeID><RomajiName>Whole</RomajiName><Eps>1</Eps><MyVote>-</MyVote><MyTempVote>4</MyTempVote></anime>
<file><AnimeID>7</AnimeID><EpID>71</EpID><FID>711</FID><ViewDate>18.08.2006 22:00</ViewDate><MyWatched>1</MyWatched><MyState>2</MyState></file>
<episode><AnimeID>7</AnimeID><EpID>71</EpID><EpNo>1</EpNo><MyEpWatched>1</MyEpWatched></episode>
<episode><AnimeID>7</AnimeID><EpID>72</EpID><EpNo>2</EpNo><MyEpWatched>1</MyEpWatched></episode>
<file><AnimeID>7</AnimeID><EpID>72</EpID><FID>721</FID><ViewDate>01.09.2006 10:00</ViewDate></file>
<episode><AnimeID>7</AnimeID><EpID>73</EpID><EpNo>3</EpNo><MyEpWatched>0</MyEpWatched></episode>
<episode><AnimeID>7</AnimeID><EpID>74</EpID><EpNo>S1</EpNo><MyEpWatched>1</MyEpWatched></episode>
<episode><AnimeID>8</AnimeID><EpID>81</EpID><EpNo>1</EpNo><MyEpWatched>1</MyEpWatched></episode>
</my_anime_list>`

	mini = `<mylist uid="9" username="maker" date="01.01.2020">
<anime aid="7" type="OVA" year="2003"><titles><title type="main">Made &amp; Up</title><title type="en">Up</title></titles>
<episodes total="3"><episode eid="71" epno="1" watched="1"><files><file fid="711" lid="5" watched="1"/></files></episode>
<episode eid="72" epno="2" watched="1"/><episode eid="73" epno="3" watched="0"/><episode eid="74" epno="S1" watched="1"/></episodes></anime>
<anime aid="8"><titles><title>Whole</title></titles><episodes total="1"><episode eid="81" epno="1" watched="1"/></episodes></anime>
</mylist>`

	adborg = `{"User":{"name":"maker"},"Animes":[
{"aid":7,"romaji":"Made & Up","english":"Up","type":"OVA","eps":"3","myvote":"8.5","Episodes":[
 {"eid":71,"number":"1","Files":[{"fid":711,"MyList":{"mystate":2,"state":0,"viewdate":"18.08.2006 22:00"}}]},
 {"eid":72,"number":2,"Files":[{"fid":721,"MyList":{"mystate":1,"state":0,"viewdate":"01.09.2006 10:00"}}]},
 {"eid":73,"number":"3","Files":[{"fid":731,"MyList":{"mystate":1,"state":0,"viewdate":"-"}}]},
 {"eid":74,"number":"S1","Files":[{"fid":741,"MyList":{"viewdate":"01.09.2006 10:00"}}]}]},
{"aid":"8","romaji":"Whole","eps":1,"mytmpvote":4,"Episodes":[{"eid":"81","number":"1","Files":[{"MyList":{"viewdate":"01.09.2006 10:00"}}]}]}]}`

	listTable = "AID|Romaji|Kanji|English|Year|EpsTotal|Eps|EpsSpec|Rating|TmpRating|Vote|TmpVote|Reviews|ReviewsRating|TypeID|TypeName|isAdult\n" +
		"7|Made & Up||Up|2003-2004|4|3|1|5.58|-|58|7|1|4.16|3|OVA|0\n8|Whole|||2007|1|1|0|8|8|9|1|2|8.50|2|TV Series|0\n"
	firstTable = "EPISODES\r\nAID|EID|EPNo|Name|Romaji|Kanji|Length|Aired|Rating|Votes|State|myState\r\n7|71|1|One|||30|-|-|0|0|2\r\n7|72|2|Two|||30|-|-|0|0|2\r\n7|73|3|Three|||30|-|-|0|0|2\r\n7|74|S1|More|||30|-|-|0|0|2\r\n" +
		"FILES\r\nAID|EID|GID|FID|size|ed2k|md5|sha1|crc|Length|Type|Quality|Resoltuion|vCodec|aCodec|sub|dub|isWatched|State|myState|FileType\r\n" +
		"7|71|1|711|1|||||1||||||||1|0|2|mkv\r\n7|72|1|721|1|||||1||||||||1|0|2|mkv\r\n7|73|1|731|1|||||1||||||||0|0|2|mkv\r\n7|74|1|741|1|||||1||||||||1|0|2|mkv\r\nGROUPS\r\nAID|GID|Name\r\n7|1|None\r\n"
	secondTable = "EPISODES\nAID|EID|EPNo|Name|Romaji|Kanji|Length|Aired|Rating|Votes|State|myState\n8|81|1|One|||30|-|-|0|0|2\n" +
		"FILES\nAID|EID|GID|FID|size|ed2k|md5|sha1|crc|Length|Type|Quality|Resoltuion|vCodec|aCodec|sub|dub|isWatched|State|myState|FileType\n8|81|1|811|1|||||1||||||||1|0|2|mkv\n"
	myStatus = `<?xml version="1.0"?>
<export user="maker" date="2020"/>
<anime>
<entry id="7" is_watched="0" is_completed="1" my_rating="8.5" my_rating_temp="-" eps="2"><name><![CDATA[Made & Up]]></name></entry>
<entry><id>8</id><is_watched>1</is_watched><my_rating>-</my_rating><my_rating_temp>4</my_rating_temp><eps>1</eps></entry>
<entry id="9" is_watched="0" is_completed="0" my_rating="-" my_rating_temp="-" eps="0"/>
</anime>`
)

// archived packs members, given as name and content by turns.
func archived(members ...string) string {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for i := 0; i < len(members); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: members[i], Mode: 0o600, Size: int64(len(members[i+1])), Format: tar.FormatUSTAR}); err != nil {
			panic(err)
		}
		if _, err := w.Write([]byte(members[i+1])); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.String()
}

func TestEveryTemplateTellsTheSameList(t *testing.T) {
	half := tracker.Facts{
		Title: "Made & Up", Status: tracker.Watching, Progress: 2, Total: 3, Score: 85, Seen: "1-2", Start: tracker.Date{Year: 2006, Month: 8, Day: 18},
	}
	whole := tracker.Facts{Title: "Whole", Status: tracker.Done, Progress: 1, Total: 1, Score: 40, Seen: "1"}
	with := func(f tracker.Facts, change func(*tracker.Facts)) tracker.Facts {
		change(&f)
		return f
	}
	undated := func(f *tracker.Facts) { f.Start = tracker.Date{} }
	unvoted := func(f *tracker.Facts) { f.Start, f.Score = tracker.Date{}, 0 }
	viewed := tracker.Date{Year: 2006, Month: 9, Day: 1}
	for _, c := range []struct {
		name, document string
		want           []tracker.Facts
	}{
		{"xml-plain-cs", plainCS, []tracker.Facts{half, whole}},
		{"xml-plain-new", plainNew, []tracker.Facts{half, whole}},
		{"xml-mini", mini, []tracker.Facts{with(half, unvoted), with(whole, unvoted)}},
		{"json-adborg", adborg, []tracker.Facts{half, with(whole, func(f *tracker.Facts) { f.Start, f.Finish = viewed, viewed })}},
		{"csv-adborg", archived("anime/a7.csv", firstTable, "mylist.csv", listTable, "anime/a8.csv", secondTable), []tracker.Facts{with(half, unvoted), with(whole, unvoted)}},
		{"an archive of one list", archived("../../etc/list.xml", plainCS), []tracker.Facts{half, whole}},
		{"xml-mystatus", myStatus, []tracker.Facts{
			with(half, func(f *tracker.Facts) {
				undated(f)
				f.Total = 0
			}),
			with(whole, func(f *tracker.Facts) { f.Title, f.Total = "", 0 }),
			{Status: tracker.PlannedTo},
		}},
		{"the list of csv-adborg alone", strings.ReplaceAll(listTable, "\n", "\r\n"), []tracker.Facts{
			with(half, func(f *tracker.Facts) { unvoted(f); f.Progress, f.Seen, f.Status = 0, "", tracker.PlannedTo }),
			with(whole, func(f *tracker.Facts) { unvoted(f); f.Progress, f.Seen, f.Status = 0, "", tracker.PlannedTo }),
		}},
	} {
		rows, err := read(c.document)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []tracker.Facts
		for i, r := range rows {
			if want := fmt.Sprintf("anidb:anime:%d", 7+i); r.Fault != "" || r.Key.String() != want {
				t.Errorf("%s: row %v, fault %q", c.name, r.Key, r.Fault)
			}
			if r.Entry.Seen == "" && c.name != "xml-mystatus" && !strings.Contains(r.Note, "does not tell") {
				t.Errorf("%s: the note is %q", c.name, r.Note)
			}
			got = append(got, r.Entry.Facts)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestABadEntryFailsAlone(t *testing.T) {
	for _, c := range []struct{ name, document, fault string }{
		{"a vote", strings.Replace(plainCS, `"8.5"`, `"many"`, 1), `Its vote is "many"`},
		{"a count", strings.Replace(plainCS, `Eps="3"`, `Eps="three"`, 1), `Its count of episodes is "three"`},
		{"an id", strings.Replace(plainCS, `Id="7"`, `Id="seven"`, 1), `Its id is "seven"`},
		{"no id", strings.Replace(plainCS, ` Id="7" Eps`, ` Eps`, 1), "It has no id (Made & Up)"},
		{"a NUL byte", strings.Replace(plainCS, "Made &amp;", "\x00", 1), "bytes that are no text"},
		{"another encoding", strings.Replace(listTable, "Made & Up", "caf\xe9", 1), "bytes that are no text"},
		{"a column too many", strings.Replace(listTable, "Made & Up", "Made|Up", 1), "has 18 columns, where 17 are named"},
		{"JSON with NUL", strings.Replace(adborg, `"OVA"`, `"\u0000"`, 1), "bytes that are no text"},
	} {
		rows, err := read(c.document)
		if err != nil || len(rows) != 2 {
			t.Errorf("%s: %d rows, error %v", c.name, len(rows), err)
			continue
		}
		if !strings.Contains(rows[0].Fault, c.fault) || rows[1].Fault != "" {
			t.Errorf("%s: the faults are %q and %q", c.name, rows[0].Fault, rows[1].Fault)
		}
		if rows[0].Foreign != (c.name == "no id") {
			t.Errorf("%s: foreign is %v", c.name, rows[0].Foreign)
		}
	}
}

func TestAFileThatIsNoListIsRefusedWithASentence(t *testing.T) {
	cut := archived("mylist.csv", listTable)
	for _, c := range []struct{ name, document, want string }{
		{"the HTTP API", `<mylist uid="1"><mylistitem id="1" aid="2" eid="3" fid="4"/></mylist>`, "does not tell the numbers of episodes"},
		{"cut XML", plainCS[:len(plainCS)-40], "cut off at line"},
		{"cut JSON", adborg[:len(adborg)-30], "cut off after byte"},
		{"a cut archive", cut[:700], "The archive is cut off"},
		{"an archive of pictures", archived("a.png", "x"), "The archive holds no list"},
		{"a long line", "AID|Romaji\n1|" + strings.Repeat("x", 2<<20), "line of more than 1 MB (line 2)"},
		{"entities", `<!DOCTYPE MyList [<!ENTITY a "b">]><MyList></MyList>`, "XML that declares entities"},
		{"deep nesting", "<MyList>" + strings.Repeat("<a>", 100), "nested more than 32 deep"},
		{"another JSON", `{"lists":[]}`, "not an AniDB export"},
		{"another provider", "<myanimelist></myanimelist>", "It looks like a MyAnimeList export"},
		{"too many episodes", `<MyList><Anime Id="1">` + strings.Repeat(`<Ep EpNo="1"/>`, 100_001) + `</Anime></MyList>`, "more than 100000 episodes"},
	} {
		if rows, err := read(c.document); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d rows, error %v", c.name, len(rows), err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		plainCS, plainNew, mini, adborg, listTable, firstTable, myStatus, archived("anime/a7.csv", firstTable, "mylist.csv", listTable), "<export/>", "AID|x\n|\n",
		olderPlainCS, realMini, fullFirst, jsonLarge, jsonLargeFirst, nx, archived("anime/a7.xml", xmlAnime, "mylist.xml", xmlList),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		rows, err := read(document)
		if err != nil && err.Error() == "" {
			t.Error("an error without a sentence")
		}
		for _, r := range rows {
			if r.Fault != "" {
				continue
			}
			if again := (anidb.Format{}).Conform(r.Entry); !again.Equal(r.Entry) {
				t.Errorf("an entry as it was read does not agree with itself (-read +conformed):\n%s", cmp.Diff(r.Entry, again))
			}
		}
	})
}
