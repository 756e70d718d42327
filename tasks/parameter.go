package tasks

import (
	"context"
	"io"
	"time"
)

// Type is the type of a parameter as discovery tells it.
type Type string

// The parameter types.
const (
	TypeString  Type = "string"
	TypeInteger Type = "integer"
	TypeNumber  Type = "number"
	TypeBoolean Type = "boolean"
	TypeDate    Type = "date"
	TypeList    Type = "list"
	TypeFile    Type = "file"
	TypeSecret  Type = "secret"
)

// Parameter describes one parameter of an action.
type Parameter struct {
	Slug        string
	Name        string
	Description string
	Type        Type
	Optional    bool
	Values      []string // the allowed values; empty: any
	Default     string   // taken when an optional parameter is not given
	Once        bool     // for one task only, not for a subscription

	index []int // the field of the parameter struct, as reflect.Value.FieldByIndex takes it
}

// ForOneTask reports whether a subscription may not give the parameter: recurring
// work goes by what is stored, not by secrets and files that came with it.
func (p *Parameter) ForOneTask() bool {
	return p.Once || p.Type == TypeSecret || p.Type == TypeFile
}

// Secret is a parameter value that is encrypted at rest, erased when the task
// ends, and never logged: its String gives nothing away.
type Secret string

// String hides the value from every log and error.
func (Secret) String() string { return "[secret]" }

// GoString hides the value from %#v.
func (Secret) GoString() string { return "[secret]" }

// Reveal gives the value itself.
func (s Secret) Reveal() string { return string(s) }

// Date is a date or a date-time as the client wrote it, in UTC.
type Date = time.Time

// File is an uploaded file of a task. It can be opened as often as needed, also
// in a later attempt.
type File struct {
	Name        string // the client's file name, its last path element only
	ContentType string
	Size        int64
	open        func(context.Context) (io.ReadCloser, error)
}

// NewFile makes a File that open reads; tests and the worker make them.
func NewFile(name, contentType string, size int64, open func(context.Context) (io.ReadCloser, error)) File {
	return File{Name: name, ContentType: contentType, Size: size, open: open}
}

// Given reports whether the optional file was uploaded.
func (f File) Given() bool { return f.open != nil }

// Open starts reading the file from its beginning.
func (f File) Open(ctx context.Context) (io.ReadCloser, error) { return f.open(ctx) }
