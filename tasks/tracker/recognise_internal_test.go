package tracker

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"

	"asapi/tasks"
)

// anyFormat is a format of which only the name counts.
type anyFormat struct{ provider Provider }

func (f anyFormat) Provider() Provider                  { return f.provider }
func (f anyFormat) Title() string                       { return strings.ToUpper(string(f.provider)) }
func (anyFormat) Kinds() []Kind                         { return []Kind{Anime} }
func (anyFormat) Read(Input, func(Row) error) error     { return nil }
func (anyFormat) Conform(e Entry) Entry                 { return e }
func (anyFormat) Blank(_ Kind, _ string, f Facts) Entry { return Entry{Facts: f} }
func (f anyFormat) Forms() []Form {
	return []Form{{Name: string(f.provider) + "-file", Write: func(io.Writer, List, iter.Seq2[Entry, error]) error { return nil }}}
}

func serviceOf(providers ...Provider) *service {
	s := &service{formats: make(map[Provider]Format)}
	for _, p := range providers {
		s.listed = append(s.listed, anyFormat{p})
		s.formats[p] = anyFormat{p}
	}
	return s
}

func namedFile(name, content string) tasks.File {
	f := fileOf([]byte(content))
	f.Name = name
	return f
}

// tarred makes a tar archive of files and folders that hold the same.
func tarred(t *testing.T, content string, names ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range names {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o600}
		if strings.HasSuffix(name, "/") {
			h.Typeflag, h.Size = tar.TypeDir, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte(content)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const someUUID = "0b1f2c3d-0000-4000-8000-00000000abcd"

func kindsOfFiles(t *testing.T) []struct {
	name, file, content string
	want                Provider
} {
	t.Helper()
	return []struct {
		name, file, content string
		want                Provider
	}{
		{"MyAnimeList XML", "", "<?xml version=\"1.0\"?>\n<!--\n made by <vndb-export> -->\n<myanimelist><myinfo/></myanimelist>", MyAnimeList},
		{"MyAnimeList XML that mentions others", "", "<myanimelist><anime><my_comments>\"MediaListCollection\" mangadex.org/title/1</my_comments></anime></myanimelist>", MyAnimeList},
		{"a mark and line ends of Windows", "", "\xef\xbb\xbf<?xml version=\"1.0\"?>\r\n\r\n<myanimelist>", MyAnimeList},
		{"AniList collection", "", `{"data": {"MediaListCollection": {"lists": []}}}`, AniList},
		{"AniList collection without data", "", `{"MediaListCollection": {"lists": []}}`, AniList},
		{"AniList collections of both kinds", "", `[{"data":{"MediaListCollection":{}}}]`, AniList},
		{"AniList lists only", "", `{"lists":[{"name":"Paused","isCustomList":false,"entries":[]}]}`, AniList},
		{"AniList's own data", "", `{"user":{"id":1,"about":"` + strings.Repeat("long ", 3000) + `"},"lists":[{"id":1,"series_type":0,"series_id":7}]}`, AniList},
		{"AniList's own data, the lists far away", "", `{"user":{"id":1,"title_language":"romaji","about":"` + strings.Repeat("long ", 30000) + `"},"lists":[]}`, AniList},
		{"AniDB plain-cs", "", "<?xml version='1.0' encoding='utf-8'?>\n<MyList>\n<User/>", AniDB},
		{"AniDB plain-new", "", "<my_anime_list><anime/>", AniDB},
		{"AniDB mini", "", `<mylist uid="1">`, AniDB},
		{"AniDB mystatus", "", "<?xml version=\"1.0\"?>\n<export date=\"1\" />\n<anime>", AniDB},
		{"AniDB plain", "", "<?xml version=\"1.0\" encoding=\"Shift-JIS\" ?>\n<myanimelist>\n  <!-- Table: `user_info` -->\n  <user_info>", AniDB},
		{"AniDB large", "", "<?xml version=\"1.0\"?>\n<!-- A my list page -->\n<myList user=\"maker\">", AniDB},
		{"AniDB anivote", "", "<Mylist\tdate=\"01.01.2020\">", AniDB},
		{"AniDB naive", "", "<list>\n\t<created>01.01.2020</created>", AniDB},
		{"AniDB nx", "", "<AC u=\"maker\" t=\"01.01.2020\">", AniDB},
		{"AniDB large JSON", "", `{"user": "maker", "date": "01.01.2020", "anime": [{"id": 7, "romanjiName": "x"}]}`, AniDB},
		{"AniDB files", "", "aid;episode;title;group;type\n7;1;x;y;mkv\n", AniDB},
		{"AniDB JSON", "", `{"Animes":[{"aid":1}]}`, AniDB},
		{"AniDB CSV", "", "AID|Romaji|Kanji\n1|x|y\n", AniDB},
		{"AniDB archive", "mylist.tgz", tarred(t, "AID|", "mylist.csv"), AniDB},
		{"AniDB archive with a folder first", "", tarred(t, "AID|", "mine/", "mine/mylist.csv", "mine/read.txt"), AniDB},
		{"MangaUpdates archive", "", tarred(t, "Some Title\t1\t2\t\tN/A\n", "read_2024-01-01.txt"), MangaUpdates},
		{"MangaUpdates archive with a folder first", "lists.tgz", tarred(t, "Some Title\t1\t2\t\tN/A\n", "lists/", "lists/._wish.txt", "lists/.DS_Store", "lists/wish.txt"), MangaUpdates},
		{"MangaUpdates list", "read.txt", "Series\tVolume\tChapter\tDate Changed\tRating\n", MangaUpdates},
		{"MangaUpdates list without its head", "wish_2024-01-01.txt", "Some Title\t1\t2\t\tN/A\n", MangaUpdates},
		{"VNDB XML", "", `<?xml version="1.0" encoding="UTF-8"?><vndb-export version="1.0">`, VNDB},
		{"VNDB votes", "", "17 2 85 2020-01-02\n18 2 100 2020-01-03\n", VNDB},
		{"VNDB votes with letters", "", "v17 u2 85 2020-01-02\r\n", VNDB},
		{"VNDB's answers", "", `{"results":[{"id":"v17","vote":85}],"more":false}`, VNDB},
		{"MangaDex JSON", "", `[{"id":"` + someUUID + `","status":"reading","links":{"mal":"1"}}]`, MangaDex},
		{"MangaDex statuses", "", `{"result":"ok","statuses":{"` + someUUID + `":"reading"}}`, MangaDex},
		{"MangaDex CSV", "", "title,url\nx,https://mangadex.org/title/" + someUUID + "\n", MangaDex},
		{"MangaDex CSV by ids", "", "id,title\n" + someUUID + ",x\n", MangaDex},
		{"our own", "", `{"format":"asapi-trackers","version":1,"trackers":[{"records":[{"provider":"anilist","native":[["series_type","0"]]}]}]}`, Neutral},
	}
}

func TestAFileTellsWhoseItIs(t *testing.T) {
	s := serviceOf(MyAnimeList, AniList, AniDB, MangaUpdates, VNDB, MangaDex)
	for _, tt := range kindsOfFiles(t) {
		t.Run(tt.name, func(t *testing.T) {
			for how, content := range map[string]string{"plain": tt.content, "packed": string(packed(t, []byte(tt.content)))} {
				got, err := s.recognise(t.Context(), namedFile(tt.file, content), "")
				if err != nil || got != tt.want {
					t.Errorf("%s: it is of %q, error %v; want %q", how, got, err, tt.want)
				}
			}
		})
	}
}

func TestAFileOfAnotherProviderIsRefusedBySayingWhose(t *testing.T) {
	providers := []Provider{MyAnimeList, AniList, AniDB, MangaUpdates, VNDB, MangaDex}
	titleOf := func(p Provider) string {
		if p == Neutral {
			return "this service"
		}
		return Titles[p]
	}
	s := serviceOf(providers...)
	for _, tt := range kindsOfFiles(t) {
		if tt.name == "MangaUpdates list without its head" {
			continue // nothing in it tells
		}
		for _, p := range providers {
			_, err := s.recognise(t.Context(), namedFile(tt.file, tt.content), p)
			if p == tt.want {
				if err != nil {
					t.Errorf("%s as %s: %v", tt.name, p, err)
				}
				continue
			}
			if tasks.CodeOf(err) != tasks.CodeUnsupportedFormat || !strings.Contains(err.Error(), "looks like") || (titleOf(tt.want) != "AniDB" && !strings.Contains(err.Error(), titleOf(tt.want))) {
				t.Errorf("%s as %s: %v, want a refusal that names %s", tt.name, p, err, titleOf(tt.want))
			}
		}
	}
}

// bomb is a document whose declarations of entities go on for n lines, each of
// which doubles the one before.
func bomb(n int) string {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\"?>\n<!DOCTYPE myanimelist PUBLIC \"-//x//y\" \"z.dtd\" [\n<!ENTITY e0 \"ha\">\n")
	for i := range n {
		fmt.Fprintf(&b, "<!ENTITY e%d \"&e%d;&e%d;\"> <!-- %s -->\n", i+1, i, i, strings.Repeat("x", 100))
	}
	fmt.Fprintf(&b, "]>\n<myanimelist><anime>&e%d;</anime></myanimelist>", n)
	return b.String()
}

func TestAFileThatDoesNotTellWhoseItIsAsksForTheProvider(t *testing.T) {
	s := serviceOf(MyAnimeList, AniList, MangaDex)
	for _, tt := range []struct{ name, file, content, says string }{
		{"two at once", "", `[{"id":"` + someUUID + `","mediaId":7}]`, "Say whose it is with provider=anilist or provider=mangadex."},
		{"unknown JSON", "", `[{"title":"x"}]`, "JSON of an unknown kind. Say whose it is with provider=myanimelist or provider=anilist or provider=mangadex."},
		{"nothing known", "", "hello", "looks like no list that is known here. Say whose"},
		{"no list", "", "<!DOCTYPE html><html>", "a web page"},
		{"packed twice", "list.xml.gz", string(packed(t, packed(t, []byte("<myanimelist/>")))), "unpack it once"},
		{"a document type of its own", "", "<?xml version=\"1.0\"?>\n<!-- mine -->\n<!DOCTYPE myanimelist [\n<!ELEMENT anime (#PCDATA)>\n]>\n<myanimelist/>", "XML that declares entities or elements of its own, which no list does"},
		{"an entity", "", "<!DOCTYPE myanimelist [<!ENTITY a \"b\">]><myanimelist/>", "XML that declares entities"},
		{"an entity bomb", "", bomb(1000), "XML that declares entities"},
		{"an archive", "", "PK\x03\x04", "unpack it"},
		{"cross references", "", `[{"mal_id":1,"anidb_id":2}]`, "cross references"},
		{"a format that is not there", "", "<vndb-export>", "a VNDB export. Such lists cannot be imported here."},
		{"empty", "", "", "empty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.recognise(t.Context(), namedFile(tt.file, tt.content), "")
			if tasks.CodeOf(err) != tasks.CodeUnsupportedFormat || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want one that says %q", err, tt.says)
			}
		})
	}
}
