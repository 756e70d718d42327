package tracker

import (
	"io"
	"iter"

	"asapi/tasks"
)

// Format reads and writes the list files of one provider.
type Format interface {
	// Provider names the provider.
	Provider() Provider
	// Title is the provider's name for people.
	Title() string
	// Read decodes a file, already unpacked, and calls row for each entry in
	// turn; it stops at the first error of row. A file that cannot be read is
	// a permanent *tasks.Error that says what is wrong and where.
	Read(r io.Reader, row func(Row) error) error
	// Conform gives the entry with those native values rewritten that say
	// something else than its facts. What agrees stays verbatim.
	Conform(e Entry) Entry
	// Blank gives an entry without native values the ones a new entry of the
	// provider has.
	Blank(kind Kind, nativeID string, f Facts) Entry
	// Write encodes a list so that Read gives equal entries.
	Write(w io.Writer, list List, entries iter.Seq2[Entry, error]) error
	// File gives the content type and the name of the file that Write makes.
	File(list List) (contentType, filename string)
}

// List describes a list that is written.
type List struct {
	Kind   Kind
	User   string
	Counts map[Status]int64
}

// Total counts the entries of all statuses.
func (l List) Total() int64 {
	var total int64
	for _, n := range l.Counts {
		total += n
	}
	return total
}

// Row is one entry as it stood in a file.
type Row struct {
	Key   RecordKey
	Entry Entry
	// Fault says why the entry cannot be taken; empty: it can.
	Fault string
	// Foreign says that the fault is none of the file's: the entry has
	// nothing that could be taken, such as no id. It is skipped, not failed.
	Foreign bool
}

// Unreadable makes the error of a file that is not what it should be.
func Unreadable(message string) *tasks.Error {
	return tasks.Permanent(tasks.CodeUnsupportedFormat, message)
}
