package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// terminal is where a command writes: results to out, all else to err.
type terminal struct{ out, err io.Writer }

// interactive reports whether a person reads the results.
func (t *terminal) interactive() bool { return isTerminal(t.out) }

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// json writes one value as one line.
func (t *terminal) json(v any) error {
	encoder := json.NewEncoder(t.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// printf writes a line for a person. What a server or a client put into it
// cannot steer the terminal.
func (t *terminal) printf(format string, args ...any) error {
	_, err := io.WriteString(t.out, printable(fmt.Sprintf(format, args...)))
	return err
}

// printable keeps control characters, which could steer a terminal, out of a text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
