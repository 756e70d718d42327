package myanimelist

import (
	"fmt"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/xmlfile"
)

// Read implements tracker.Format. It holds one entry in memory.
func (f Format) Read(file tracker.Input, row func(tracker.Row) error) error {
	doc, err := xmlfile.NewReader(file, f.Title(), func(root string) bool { return root == "myanimelist" })
	if err != nil {
		return err
	}
	return doc.Starts(func(token xmlfile.Token) error {
		if token.Depth != 2 {
			return nil
		}
		n, known := namesFor(token.Name)
		if !known {
			return doc.Skip(token)
		}
		entry, err := doc.Element(token)
		if err != nil {
			return err
		}
		doc.Count()
		return row(rowIn(n, entry, doc.Line()))
	})
}

// rowIn makes a row of an entry's element, which ends at a line.
func rowIn(n names, e xmlfile.Element, line int) tracker.Row {
	var entry tracker.Entry
	nested := ""
	for _, child := range e.Children {
		if child.Name == elUpdate {
			continue // it says what the site is to do with the file, and nothing of the work
		}
		entry.Native = append(entry.Native, tracker.Field{child.Name, child.Text})
		if len(child.Children) > 0 {
			nested = child.Name
		}
	}
	row := rowOf(n, entry)
	switch {
	case e.Broken:
		row.Fault = fmt.Sprintf("The entry that ends at line %d holds bytes that are no text (control characters, or another encoding than UTF-8).", line)
		row.Foreign = false
	case nested != "":
		row.Fault = fmt.Sprintf("The element %s holds other elements (entry ends at line %d).", tasks.Clip(nested, 60), line)
		row.Foreign = false
	}
	return row
}
