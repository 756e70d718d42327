package tracker

import (
	"io"
	"iter"
	"strings"
	"time"

	"asapi/tasks"
)

// Format reads and writes the list files of one provider.
type Format interface {
	// Provider names the provider.
	Provider() Provider
	// Title is the provider's name for people.
	Title() string
	// Kinds lists what its lists hold.
	Kinds() []Kind
	// Read decodes a file, already unpacked from gzip, and calls row for each
	// entry in turn; it stops at the first error of row. A file that cannot be
	// read is a permanent *tasks.Error that says what is wrong and where.
	Read(in Input, row func(Row) error) error
	// Conform gives the entry with those native values rewritten that say
	// something else than its facts. What agrees stays verbatim.
	Conform(e Entry) Entry
	// Blank gives an entry without native values the ones a new entry of the
	// provider has.
	Blank(kind Kind, nativeID string, f Facts) Entry
	// Forms lists the forms of files that can be written, the usual one first.
	Forms() []Form
}

// Input is a list file that is read.
type Input struct {
	io.Reader
	Name string // as the client called the file; may be empty
	// Again lets read see the same bytes once more, from their beginning, for
	// formats whose files say late what concerns the entries before.
	Again func(read func(io.Reader) error) error
}

// InputOf gives the input of a file that is held in memory.
func InputOf(name, content string) Input {
	return Input{
		Reader: strings.NewReader(content), Name: name,
		Again: func(read func(io.Reader) error) error { return read(strings.NewReader(content)) },
	}
}

// Form is one form of a provider's list file.
type Form struct {
	Name        string // the value of the parameter format, such as xml; json is taken, by the neutral form
	ContentType string
	Extension   string // of the file's name, with its dot, such as .xml
	// Write encodes a list so that Read gives equal entries, as far as the
	// form can carry them.
	Write func(w io.Writer, list List, entries iter.Seq2[Entry, error]) error
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

// Name gives the name of the list's file, without an extension.
func (l List) Name() string {
	return string(l.Kind) + "list_" + strings.Map(harmless, l.User)
}

// harmless keeps what may stand in a file name on every system.
func harmless(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
		return r
	}
	return '_'
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
	// Note is what there is to know of an entry that is taken, such as that
	// the file has only its title; it begins the item's reason.
	Note string
	// Collection is where the work lives when the file says more than its
	// kind does, such as lightNovels; empty: the kind's.
	Collection string
	// Changed is when the entry was last changed at the provider; zero: it does not
	// tell.
	Changed time.Time
	// Same names the same work at other providers, as the file says it.
	Same []RecordKey
}

// Unreadable makes the error of a file that is not what it should be.
func Unreadable(message string) *tasks.Error {
	return tasks.Permanent(tasks.CodeUnsupportedFormat, message)
}
