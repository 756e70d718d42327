// Package vndb reads the list files of vndb.org: the XML export of a user's
// list, and lines of the public dump of votes. It writes the XML form, which the
// site does not import but other tools and this one read. What is known of the
// formats stands in docs/providers/vndb.md.
package vndb

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"asapi/tasks/tracker"
)

// Format implements tracker.Format for VNDB.
type Format struct{}

var _ tracker.Format = Format{}

// Provider implements tracker.Format.
func (Format) Provider() tracker.Provider { return tracker.VNDB }

// Title implements tracker.Format.
func (Format) Title() string { return "VNDB" }

// Kinds implements tracker.Format.
func (Format) Kinds() []tracker.Kind { return []tracker.Kind{tracker.VisualNovel} }

// Forms implements tracker.Format.
func (Format) Forms() []tracker.Form {
	return []tracker.Form{{Name: "xml", ContentType: "application/xml", Extension: ".xml", Write: write}}
}

// headSize is how much of a file's beginning is looked at.
const headSize = 4096

// Read implements tracker.Format. It holds one entry in memory, and the names
// of the list's labels.
func (f Format) Read(file tracker.Input, row func(tracker.Row) error) error {
	in := bufio.NewReaderSize(file, maxLine)
	head, err := in.Peek(headSize)
	if len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch begin := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n\x00"); {
	case len(begin) > 0 && begin[0] == '<':
		return readXML(in, f.Title(), row)
	case voteLine.Match(bytes.SplitN(begin, []byte("\n"), 2)[0]):
		return readVotes(in, row)
	}
	return tracker.NotA(f.Title(), bytes.Clone(head))
}

// The names of native values. Those of an element's attributes follow it and an
// @. What an export always could say is there also when it is empty, so that
// it is known to be unset.
const (
	atID       = "id"
	atPrivate  = "private"
	elTitle    = "title"
	atLabels   = "labels" // see labels.go
	elVote     = "vote"
	elVoted    = "vote@timestamp"
	elStarted  = "started"
	elFinished = "finished"
	elNotes    = "notes"
	atOther    = "other" // elements that hold others or are not known, as XML
)
