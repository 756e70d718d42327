package xmlfile_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/tracker/xmlfile"
)

// read gives every child of the root.
func read(file io.Reader) ([]xmlfile.Element, error) {
	doc, err := xmlfile.NewReader(file, "Made", func(root string) bool { return root == "list" })
	if err != nil {
		return nil, err
	}
	var found []xmlfile.Element
	for {
		token, err := doc.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, err
		}
		if token.Kind != xmlfile.Start || token.Depth != 2 {
			continue
		}
		if token.Name == "skipped" {
			if err := doc.Skip(token); err != nil {
				return found, err
			}
			continue
		}
		element, err := doc.Element(token)
		if err != nil {
			return found, err
		}
		doc.Count()
		found = append(found, element)
	}
}

func TestAnElementHasItsAttributesItsTextAndItsChildren(t *testing.T) {
	got, err := read(strings.NewReader("<?xml version=\"1.0\"?>\n<list>\n<skipped><a><a/></a></skipped>\n" +
		`<vn id="v1" x:lang='en' note="a &amp; b"><!-- no -->one<title original="&#x4E09;"/>two<![CDATA[` + "\r\n" + `<x>]]><a><b>deep &eacute; & bare</b></a></vn><vn/></list> after`))
	if err != nil {
		t.Fatal(err)
	}
	want := []xmlfile.Element{
		{
			Name: "vn", Line: 4, Text: "onetwo\r\n<x>",
			Attrs: []xmlfile.Attr{{Name: "id", Value: "v1"}, {Name: "x:lang", Value: "en"}, {Name: "note", Value: "a & b"}},
			Children: []xmlfile.Element{
				{Name: "title", Line: 4, Attrs: []xmlfile.Attr{{Name: "original", Value: "三"}}},
				{Name: "a", Line: 5, Children: []xmlfile.Element{{Name: "b", Line: 5, Text: "deep é & bare"}}},
			},
		},
		{Name: "vn", Line: 5},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("elements (-want +got):\n%s", diff)
	}
	if title, ok := got[0].Child("title"); !ok || title.Attr("original") != "三" || title.Attr("none") != "" {
		t.Errorf("the title is %v, found %v", title, ok)
	}
}

func TestBytesThatAreNoTextBreakTheirElementOnly(t *testing.T) {
	for name, bad := range map[string]string{
		"in a text": "<vn><a>\x00</a></vn>", "in an attribute": "<vn id='\xff'/>", "in an attribute deep inside": "<vn><a><b c='\x01'/></a></vn>", "in CDATA": "<vn><![CDATA[\xed\xa0\x80]]></vn>",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(strings.NewReader("<list>\x02<vn>good</vn>" + bad + "<vn>good</vn></list>"))
			if err != nil || len(got) != 3 {
				t.Fatalf("read %v, error %v, want three elements", got, err)
			}
			if got[0].Broken || !got[1].Broken || got[2].Broken {
				t.Errorf("broken are %v, %v, %v, want the second only", got[0].Broken, got[1].Broken, got[2].Broken)
			}
		})
	}
}

func TestHostileDocumentsAreRefusedInASentence(t *testing.T) {
	tests := []struct{ name, document, says string }{
		{"nothing", "", "looks like no list"},
		{"text", "hello", "looks like no list"},
		{"another root", "<lists></lists>", "It looks like XML of an unknown kind"},
		{"entities", `<!DOCTYPE list [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><list><vn>&b;</vn></list>`, "declares entities"},
		{"a foreign definition", `<!DOCTYPE list SYSTEM "file:///etc/passwd"><list><vn>`, "cut off"},
		{"a hundred levels", "<list>" + strings.Repeat("<a>", 100), "nested more than 32 deep"},
		{"an endless tag", "<list><a b='" + strings.Repeat("x", 2<<20), "larger than 1 MB"},
		{"an endless comment", "<list><!--" + strings.Repeat("x", 2<<20), "larger than 1 MB"},
		{"many texts", "<list><vn>" + strings.Repeat("<![CDATA["+strings.Repeat("x", 1000)+"]]>", 2000), "larger than 1 MB"},
		{"many children", "<list><vn>" + strings.Repeat("<a/>", 200_000), "larger than 8 MB"},
		{"many attributes", "<list><vn>" + strings.Repeat("<a "+strings.Repeat("b='' ", 1000)+"/>", 200), "larger than 8 MB"},
		{"a wrong end", "<list>\n<vn></vn>\n<vn></nv></list>", "line 3: </nv> closes nothing that is open. 1 entries"},
		{"an end too much", "<list><vn></vn></vn></list>", "closes nothing"},
		{"no end", "<list>\n<vn>\n", "cut off at line 3"},
		{"another encoding", `<?xml version="1.0" encoding="Shift_JIS"?><list/>`, "encoding is Shift_JIS"},
		{"a broken tag", "<list>\n<vn <", "line 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := read(strings.NewReader(tt.document))
			var fault *tasks.Error
			if !errors.As(err, &fault) || fault.Code != tasks.CodeUnsupportedFormat || !strings.Contains(fault.Message, tt.says) {
				t.Errorf("error %v, want one of an unsupported format that says %q", err, tt.says)
			}
		})
	}
}

func TestWhatKeepsAFileFromBeingReadIsToldAsItIs(t *testing.T) {
	broken := errors.New("the disk is gone")
	for name, before := range map[string]string{"at once": "", "in the middle": "<list><vn>", "after the end": "<list/>\n"} {
		t.Run(name, func(t *testing.T) {
			file := io.MultiReader(strings.NewReader(before), iotest.ErrReader(broken))
			if _, err := read(file); !errors.Is(err, broken) {
				t.Errorf("error %v, want the reader's own", err)
			}
		})
	}
}

func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		"<list><vn id='1'>a<b/></vn></list>", "<list><skipped>", "\xef\xbb\xbf<list></list>", "<list>&#0;&x;&amp</list>", "<a:list xmlns:a='b'/>", "<list><![CDATA[\r]]></list>",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		_, err := read(strings.NewReader(document))
		var fault *tasks.Error
		if err != nil && (!errors.As(err, &fault) || fault.Code != tasks.CodeUnsupportedFormat) {
			t.Fatalf("error %v is no sentence about the file", err)
		}
	})
}
