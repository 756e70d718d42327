package xref_test

import (
	"bytes"
	"testing"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/xref"
)

func FuzzRead(f *testing.F) {
	for _, seed := range []string{fribb, offline, offlineLines, table, malSync, oldIDs, own, "", "[", "{\"1\":", "title\tanidb\n\x00\t1"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		last := int64(0)
		_, err := xref.Read(bytes.NewReader(file), func(r xref.Row) error {
			if r.Line < max(last, 1) || r.Line > int64(bytes.Count(file, []byte("\n")))+1 {
				t.Fatalf("a row on line %d follows one on line %d", r.Line, last)
			}
			last = r.Line
			for i, k := range r.Keys {
				if r.Fault == "" && (k.NativeID == "" || (i > 0 && k == r.Keys[i-1])) {
					t.Fatalf("the row has the ids %v", r.Keys)
				}
				if name := k.Name(); r.Fault == "" && name != "" {
					if back, ok := tracker.ParseName(name); !ok || back != k {
						t.Fatalf("%v is named %s, which is %v", k, name, back)
					}
				}
			}
			return nil
		})
		if err != nil && tasks.CodeOf(err) != tasks.CodeUnsupportedFormat {
			t.Fatalf("it ended with %v", err)
		}
	})
}
