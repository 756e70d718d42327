package anidb_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks/tracker"
)

// Made-up lists in the words of templates as AniDB publishes them: two of three
// episodes of one anime were watched, all of the other.
const (
	olderPlainCS = `<MyList>
<User Id="9"
/>
<Anime>
	<Id>7</Id><Eps>3</Eps><EpsSpecial>1</EpsSpecial><YearStart>2003</YearStart><YearEnd>2004</YearEnd><TypeName><![CDATA[OVA]]></TypeName>
	<IsComplete>1</IsComplete><IsWatched>0</IsWatched><Name><![CDATA[Made & Up]]></Name><TitleEng><![CDATA[Up]]></TitleEng>
	<MyVote>8.5</MyVote><MyVoteDate>2006-08-18T22:01:00Z</MyVoteDate>
<Group Id="1" Name="None" ></Group>
<Ep Id="71" EpNo="1" StateIsWatched="1" ><File><Id>711</Id><FileType>mkv</FileType></File>
</Ep><Ep Id="72" EpNo="2" StateIsWatched="1" ></Ep><Ep Id="73" EpNo="3" ></Ep></Anime>
<Anime><Id>8</Id><Eps>1</Eps><IsWatched>1</IsWatched><Name>Whole</Name><MyTmpVote>4</MyTmpVote></Anime>
</MyList>
<!-- behind the end -->`

	realPlainNew = `<my_anime_list>
<anime><AnimeID><![CDATA[7]]></AnimeID><Name><![CDATA[Made & Up]]></Name><NameKanji><![CDATA[-]]></NameKanji><NameEnglish><![CDATA[Up]]></NameEnglish><Eps><![CDATA[3]]></Eps><MyVote><![CDATA[8.5]]></MyVote><MyVoteDate><![CDATA[18.08.2006 22:01]]></MyVoteDate></anime>
<episode><AnimeID>7</AnimeID><EpID>71</EpID><EpNo>1</EpNo><MyEpWatched></MyEpWatched></episode>
<file><AnimeID>7</AnimeID><EpID>71</EpID><FID>711</FID><ViewDate>18.08.2006 22:00</ViewDate><MyWatched>1</MyWatched></file>
<episode><AnimeID>7</AnimeID><EpID>72</EpID><EpNo>2</EpNo><MyEpWatched></MyEpWatched></episode>
<file><AnimeID>7</AnimeID><EpID>72</EpID><FID>721</FID><ViewDate>01.09.2006 10:00</ViewDate><MyWatched>1</MyWatched></file>
<anime><AnimeID>8</AnimeID><Name>Whole</Name><Eps>1</Eps><MyTempVote>4</MyTempVote></anime>
<episode><AnimeID>8</AnimeID><EpID>81</EpID><EpNo>1</EpNo></episode><file><AnimeID>8</AnimeID><EpID>81</EpID><FID>811</FID><ViewDate>-</ViewDate><MyWatched>1</MyWatched></file>
</my_anime_list>`

	realMini = `<?xml version="1.0" encoding="UTF-8" ?>
<mylist template="mini"
		uid="9" username="maker" date="01.01.2020 10:00">
	<anime aid="7"
		   type="OVA" year="2003-2004">
		<titles><default><![CDATA[Made & Up]]></default><nihongo><![CDATA[]]></nihongo><english><![CDATA[Up]]></english></titles>
		<episodes total="3">
			<episode eid="71" epno="1" aired="01.01.2003 00:00" watched="1"><titles><english><![CDATA[One]]></english></titles>
				<files><file fid="711" lid="5" watched="18.08.2006 22:00" generic="1" /></files></episode>
			<episode eid="72" epno="2" watched="1"><files><file fid="721" lid="6" watched="01.09.2006 10:00" gid="1" source="DVD">
				<group_name><![CDATA[None]]></group_name></file></files></episode>
			<episode eid="73" epno="3" watched="0"><files><file fid="731" lid="7" watched="-" generic="1" /></files></episode>
		</episodes>
	</anime>
	<anime aid="8" type="TV Series" year="2007"><titles><default>Whole</default></titles><episodes total="1"><episode eid="81" epno="1" watched="1"></episode></episodes></anime>
	<anime aid="10"><titles><default>Nothing of it</default></titles></anime>
</mylist>`

	xmlList = `<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet type="text/xsl" href="mylist.xsl"?>
<mylist user="maker" date="01.01.2020 10:00" animecount="2">
<anime
        complete="1"
>
	<id><![CDATA[7]]></id><name><![CDATA[Made & Up]]></name><eps><![CDATA[3]]></eps><year>2003</year><votes>1563</votes><type_name>OVA</type_name><my_eps>3</my_eps><my_watchedeps><![CDATA[2]]></my_watchedeps>
	<genre><id><![CDATA[99]]></id><![CDATA[Made up]]></genre>
</anime>
<anime complete="1" watched="1"><id>8</id><name>Whole</name><eps>1</eps><my_watchedeps>1</my_watchedeps></anime>
<global><user>maker</user></global>
</mylist>`
	xmlAnime = `<?xml version="1.0" encoding="UTF-8"?>
<anime complete="1"><id>7</id><name>Made &amp; Up</name><eps>3</eps><my_watchedeps>2</my_watchedeps>
<episode hasfile="1"><id>71</id><epno>1</epno><name>One</name></episode>
<episode iswatched="1" hasfile="1"><id>72</id><epno>2</epno><file iswatched="1"><fid></fid><viewdate><![CDATA[18.08.2006 22:00]]></viewdate><mystate>1</mystate></file></episode>
<episode iswatched="1"><id>73</id><epno>3</epno></episode></anime>`

	fullList = `<?xml version="1.0" encoding="UTF-8"?>
<mylist><info><sourceurl>x</sourceurl></info><user><name>maker</name><id>9</id></user><list><animecount>2</animecount></list>
<animes><anime aid="7" eps="4"><type id="3"><![CDATA[OVA]]></type><title><![CDATA[Made & Up]]></title></anime>
<anime aid="8" eps="1"><type id="2">TV Series</type><title>Whole</title></anime></animes></mylist>`
	fullFirst = `<?xml version="1.0" encoding="UTF-8"?>
<anime><id>7</id><count eps="3" specials="1" total="4" /><type id="3">OVA</type><defaulttitle><langshort>x-jat</langshort><name><![CDATA[Made & Up]]></name></defaulttitle>
<web><animenfo><id>5</id></animenfo></web><mylist_entry><count eps="3" /><watched eps="2" specials="0" total="2" /></mylist_entry><status><iscomplete>1</iscomplete><iswatched>0</iswatched></status>
<voted><myvote><value>8.5</value><date short="18.08.2006">18.08.2006 22:01</date></myvote></voted>
<episodes><episode id="71" number="1"><name>One</name><length>30</length><iswatched>1</iswatched><files><file id="711"><group id="1"><name>None</name></group><viewdate><long>18.08.2006 22:00</long></viewdate><state code="1"><iswatched>1</iswatched></state><mystate id="2"><string>on a disc</string></mystate></file></files></episode>
<episode id="72" number="2"><iswatched>1</iswatched></episode><episode id="73" number="3"><iswatched>0</iswatched></episode></episodes></anime>`
	fullSecond = `<anime><id>8</id><count eps="1" specials="0" total="1" /><mylist_entry><watched eps="1" /></mylist_entry><status><iswatched>1</iswatched></status><voted><mytmpvote><value>4</value></mytmpvote></voted></anime>`

	largeList = `<?xml version="1.0" encoding="utf-8"?>
<!-- A my list page -->
<myList user="maker" creationDate="01.01.2020"><animeList count="2"><genres><genre id="1" name="None"/></genres>
<anime id="7" type="OVA" rating="5.00" status="complete" totalEpisodes="3" ownEpisodes="3"><romanjiName><![CDATA[Made & Up]]></romanjiName><englishName>Up</englishName><specialEpisodes totalEpisodes="1" ownEpisodes="0"/>
<episodes><episode id="71" number="1"><files><file id="711" additionDate="01.01.2020"/></files></episode><episode id="72" number="2"></episode><episode id="73" number="3"></episode></episodes></anime>
<anime id="8" totalEpisodes="1"><romanjiName>Whole</romanjiName></anime></animeList></myList>`
	largeFirst  = `<anime id="7"><seriesInfo><name><romanji>Made &amp; Up</romanji></name></seriesInfo><episodes status="complete"><episodeCount><total totalEpisodes="4" watchedEpisodes="2"/><normal totalEpisodes="3" watchedEpisodes="2" ownEpisodes="3"/></episodeCount><episode id="71" number="1" length="30"></episode></episodes></anime>`
	largeSecond = `<anime id="8"><episodes><episodeCount><normal totalEpisodes="1" watchedEpisodes="1"/></episodeCount></episodes></anime>`

	jsonLarge = `{
 "user": "maker", "date": "01.01.2020", "list": {"count": "2"}, "genres": [{"id": 1, "name": "None", "parentId": 2}],
 "anime": [{"id": 7, "type":"OVA", "status":"complete", "totalEpisodes": "3", "romanjiName": "Made & Up", "englishName": "Up", "specialEpisodes": {"totalEpisodes": "1"}, "groups": [],
  "episodes": [{"id": "71", "number": "1", "files": [{"id":"711","releasedBy":"1"}]}, {"id": "72", "number": "2", "files": []}]},
  {"id": 8, "totalEpisodes": "1", "romanjiName": "Whole", "episodes": []}], "globalDate": "01.01.2020 10:00"}`
	jsonLargeFirst = `
{"id":"7","seriesInfo":{"name":{"romanji":"Made & Up","synonym":["x"]},"airingDate":{"year":"2003"},"type":"OVA"},
 "episodeInfo":{"status":"complete","episodeCount":{"total":{"totalEpisodes":"4"},"normal":{"totalEpisodes":"3","watchedEpisodes":"2"},"special":{"totalEpisodes":"1"}},
  "episodes":[{"id":"71","number":"1","length":"30","name":{"english":"One"},"files":[]}]}}`
	jsonLargeSecond = `{"id":"8","seriesInfo":{},"episodeInfo":{"episodeCount":{"normal":{"totalEpisodes":"1","watchedEpisodes":"1"}},"episodes":[]}}`

	aniVote = `<Mylist	date="01.01.2020">
	<Anime id="7" complete="1" watched="0"><Name><![CDATA[Made & Up]]></Name><MLPermVote date="18.08.2006 22:01"><![CDATA[8.5]]></MLPermVote></Anime>
	<Anime id="8" complete="1" watched="1"><Name>Whole</Name><MLTempVote date="-">4</MLTempVote></Anime></Mylist>`
	naive = `<?xml version="1.0" encoding="UTF-8"?>
<list>
	<created>01.01.2020 10:00</created>
	<anime><title><![CDATA[Made & Up]]></title><vote>8.5</vote><total>3</total><watched>2</watched><anidb>7</anidb><ann>5</ann></anime>
	<anime><title>Whole</title><vote>4</vote><total>1</total><watched>1</watched><anidb>8</anidb></anime>
</list>`
	nx = `<AC u="maker" t="01.01.2020" n="2" e="4"><A i="7" w="0" c="1" y="2003" e="3" we="2"><N><![CDATA[Made & Up]]></N><NO i="4"><N>Up</N></NO><T>OVA</T><W i="1" t="2"/>
<E i="1" l="30" s="0" w="1"><N>One</N></E><E i="2" w="1"/><E i="3" w="0"/></A><A i="8" w="1" we="1"><N>Whole</N><E i="1" w="1"/></A></AC>`
)

// adborgFirst is the document of the first anime that stands in the archive of
// json-adborg besides the list.
func adborgFirst() string {
	return adborg[strings.Index(adborg, `{"aid":7`) : strings.Index(adborg, `]}]},`)+4]
}

func TestTemplatesAreReadInTheirOwnWords(t *testing.T) {
	half := tracker.Facts{Title: "Made & Up", Status: tracker.Watching, Progress: 2, Total: 3, Score: 85, Seen: "1-2"}
	whole := tracker.Facts{Title: "Whole", Status: tracker.Done, Progress: 1, Total: 1, Score: 40, Seen: "1"}
	with := func(f tracker.Facts, change func(*tracker.Facts)) tracker.Facts {
		change(&f)
		return f
	}
	unvoted := func(f *tracker.Facts) { f.Score = 0 }
	begun := func(f *tracker.Facts) { f.Start = tracker.Date{Year: 2006, Month: 8, Day: 18} }
	planned := func(f *tracker.Facts) { f.Score, f.Status, f.Progress, f.Seen = 0, tracker.PlannedTo, 0, "" }
	for _, c := range []struct {
		name, document string
		want           []tracker.Facts
		note           string // of the first
	}{
		{"xml-plain-cs, older", olderPlainCS, []tracker.Facts{half, whole}, ""},
		{"xml-plain-new", realPlainNew, []tracker.Facts{with(half, begun), whole}, ""},
		{
			"xml-mini", realMini,
			[]tracker.Facts{with(half, func(f *tracker.Facts) { unvoted(f); begun(f) }), with(whole, unvoted), {Title: "Nothing of it", Status: tracker.PlannedTo}},
			"",
		},
		{"xml", xmlList, []tracker.Facts{with(half, unvoted), with(whole, unvoted)}, "not which"},
		{
			"xml, in its archive", archived("anime/a7.xml", xmlAnime, "mylist.xml", xmlList),
			[]tracker.Facts{with(half, func(f *tracker.Facts) { unvoted(f); begun(f); f.Seen = "2-3" }), with(whole, unvoted)},
			"",
		},
		{"xml-plain-full", fullList, []tracker.Facts{
			with(half, func(f *tracker.Facts) { planned(f); f.Total = 0 }), with(whole, func(f *tracker.Facts) { planned(f); f.Total = 0 }),
		}, "does not tell"},
		{"xml-plain-full, in its archive", archived("anime/a7.xml", fullFirst, "anime/a8.xml", fullSecond, "mylist.xml", fullList), []tracker.Facts{with(half, begun), whole}, ""},
		{"xml-large", largeList, []tracker.Facts{with(half, planned), with(whole, planned)}, "does not tell"},
		{
			"xml-large, in its archive", archived("topPanel.xml", "<panel><list/></panel>", "mylist.xml", largeList, "anime/a7.xml", largeFirst, "anime/a8.xml", largeSecond),
			[]tracker.Facts{with(half, unvoted), with(whole, unvoted)},
			"",
		},
		{"json-large", jsonLarge, []tracker.Facts{with(half, planned), with(whole, planned)}, "does not tell"},
		{
			"json-large, in its archive", archived("anime/a7.json", jsonLargeFirst, "mylist.json", jsonLarge, "anime/a8.json", jsonLargeSecond, "js/package.json", `{"private":true}`),
			[]tracker.Facts{with(half, unvoted), with(whole, unvoted)},
			"",
		},
		{
			"json-adborg, in its archive", archived("anime/a7.json", adborgFirst(), "mylist.json", adborg),
			[]tracker.Facts{with(half, begun), with(whole, func(f *tracker.Facts) {
				f.Start = tracker.Date{Year: 2006, Month: 9, Day: 1}
				f.Finish = f.Start
			})},
			"",
		},
		{"xml-anivote", aniVote, []tracker.Facts{
			with(half, func(f *tracker.Facts) { planned(f); f.Score, f.Total = 85, 0 }),
			with(whole, func(f *tracker.Facts) { f.Progress, f.Total, f.Seen = 0, 0, "" }),
		}, ""},
		{"xml-naive", naive, []tracker.Facts{half, whole}, "not which"},
		{"xml-nx", nx, []tracker.Facts{with(half, func(f *tracker.Facts) { unvoted(f); f.Total = 0 }), with(whole, func(f *tracker.Facts) { unvoted(f); f.Total = 0 })}, ""},
	} {
		rows, err := read(c.document)
		if err != nil || len(rows) != len(c.want) {
			t.Errorf("%s: %d rows, error %v", c.name, len(rows), err)
			continue
		}
		var got []tracker.Facts
		for _, r := range rows {
			if r.Fault != "" {
				t.Errorf("%s: row %v, fault %q", c.name, r.Key, r.Fault)
			}
			got = append(got, r.Entry.Facts)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if note := rows[0].Note; !strings.Contains(note, c.note) || c.note == "" && note != "" {
			t.Errorf("%s: the note is %q", c.name, note)
		}
	}
}

func TestAnArchiveKeepsEachFileOnce(t *testing.T) {
	rows, err := read(archived("mylist.json", adborg, "anime/a7.json", adborgFirst()))
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, error %v", len(rows), err)
	}
	if first, _ := rows[0].Entry.Get("episode.1"); strings.Count(first, `"fid":"711"`) != 1 {
		t.Errorf("the episode is %s", first)
	}
}

func TestARowOfATableThatCannotBeReadFailsItsAnimeAlone(t *testing.T) {
	for _, c := range []struct{ name, table, fault string }{
		{"a bar in the name of an episode", strings.Replace(firstTable, "|One|", "|One | Two|", 1), ""},
		{"a file of another width", strings.Replace(firstTable, "|711|1|", "|711|1|1|", 1), "The table a7.csv of the archive cannot be read: line 9 has 22 columns, where 21 are named."},
		{"a line that is broken in two", strings.Replace(firstTable, "|Two|", "|Tw\no|", 1), "line 5 has"},
		{"bytes that are no text", strings.Replace(firstTable, "|Two|", "|Tw\xff|", 1), "line 4 holds bytes that are no text"},
	} {
		rows, err := read(archived("anime/a7.csv", c.table, "mylist.csv", listTable, "anime/a8.csv", secondTable))
		if err != nil || len(rows) != 2 {
			t.Errorf("%s: %d rows, error %v", c.name, len(rows), err)
			continue
		}
		if !strings.Contains(rows[0].Fault, c.fault) || (rows[0].Fault == "") != (c.fault == "") || rows[1].Fault != "" {
			t.Errorf("%s: the faults are %q and %q", c.name, rows[0].Fault, rows[1].Fault)
		}
	}
}

func TestTemplatesThatSayTooLittleAreNamed(t *testing.T) {
	for _, document := range []string{
		"Name;Year;Eps;Seen;Size\nMade Up;2003;3 / 3;2 / 3;1 GB\n", "aid;episode;title;group;type\n7;1;\"x\";\"y\";mkv\n", "# MYLIST export for user: maker started at: 01.01.2020.\n",
		"<?xml version=\"1.0\" encoding=\"Shift-JIS\" ?>\n<!-- Database : `myanimelist` -->\n<myanimelist>\n  <!-- Table: `user_info` -->\n  <user_info>\n",
	} {
		if rows, err := read(document); err == nil || !strings.Contains(err.Error(), "with the template xml-plain-cs") {
			t.Errorf("%q: %d rows, error %v", document[:20], len(rows), err)
		}
	}
}
