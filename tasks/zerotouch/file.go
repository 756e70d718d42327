package zerotouch

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"asapi/tasks"
)

// maxEntry bounds one entry of a file, in bytes.
const maxEntry = 64 << 10

func unreadable(format string, args ...any) *tasks.Error {
	return tasks.Permanent(tasks.CodeUnsupportedFormat, fmt.Sprintf(format, args...))
}

// readFile reads an uploaded file of devices, in bounded memory.
func readFile(ctx context.Context, f tasks.File, k *kind, each func(entry) error) error {
	file, err := f.Open(ctx)
	if err != nil {
		return err
	}
	err = readEntries(file, k, each)
	return errors.Join(err, file.Close())
}

// readEntries calls each with every entry of a file: a JSON document as the API's
// request has it, or its list alone, lines of JSON, or CSV. An entry that cannot be
// a request is one with a fault; what keeps the file from being read to its end is
// an error, tasks.CodeUnsupportedFormat.
func readEntries(r io.Reader, k *kind, each func(entry) error) error {
	in := bufio.NewReaderSize(r, maxEntry)
	head, err := in.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		if _, err := in.Discard(3); err != nil {
			return err
		}
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return unreadable("The file is in the encoding UTF-16; save it as UTF-8 and send it again.")
	case bytes.HasPrefix(head, []byte("\x1f\x8b")), bytes.HasPrefix(head, []byte("PK")):
		return unreadable("The file is packed; unpack it (or save the table as CSV) and send it again.")
	}
	first, err := firstByte(in)
	if err != nil {
		return err
	}
	switch first {
	case '[':
		return readJSON(in, k, each)
	case '{':
		lines, err := isLines(in)
		if err != nil {
			return err
		}
		if lines {
			return readLines(in, k, each)
		}
		return readJSON(in, k, each)
	}
	return readCSV(in, k, each)
}

// firstByte gives the first byte that is no white space, without taking it.
func firstByte(in *bufio.Reader) (byte, error) {
	for {
		b, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			return 0, unreadable("The file is empty.")
		}
		if err != nil {
			return 0, err
		}
		if !bytes.ContainsRune([]byte(" \t\r\n"), rune(b)) {
			return b, in.UnreadByte()
		}
	}
}

// isLines tells lines of entries from the API's request by the first member.
func isLines(in *bufio.Reader) (bool, error) {
	head, err := in.Peek(maxEntry)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return false, err
	}
	dec := json.NewDecoder(bytes.NewReader(head))
	if _, err := dec.Token(); err != nil {
		return false, jsonError(err)
	}
	token, err := dec.Token()
	if err != nil {
		return false, jsonError(err)
	}
	name, ok := token.(string)
	return ok && slices.Contains(entryMembers, name), nil
}

// entryMembers are the members of entries, of every kind.
var entryMembers = []string{
	"deviceIdentifier", "sectionType", "deviceMetadata", "customerId", "googleWorkspaceCustomerId", "configurationId", "simlockProfileId",
	"preProvisioningToken", "deviceId", "vacationModeDays", "vacationModeExpireTime",
}

// readLines reads one entry a line. A line that is no JSON is an entry with a
// fault.
func readLines(in *bufio.Reader, k *kind, each func(entry) error) error {
	for number := 1; ; number++ {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return unreadable("Line %d is longer than %d KB, which no entry is.", number, maxEntry>>10)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := each(k.entry(line)); err != nil {
				return err
			}
		}
		if err != nil {
			return nil //nolint:nilerr // the only error left is the end of the file
		}
	}
}

// readJSON reads the API's request, or the list of its entries alone.
func readJSON(in *bufio.Reader, k *kind, each func(entry) error) error {
	j := &jsonReader{bound: &bound{r: in, most: maxEntry}, kind: k, each: each}
	j.dec = json.NewDecoder(j.bound)
	token, err := j.next()
	if err != nil {
		return err
	}
	if token == json.Delim('[') {
		err = j.list()
	} else {
		err = j.request()
	}
	if err != nil {
		return err
	}
	if _, err := j.dec.Token(); !errors.Is(err, io.EOF) {
		return unreadable("Something follows the JSON document (byte %d).", j.dec.InputOffset())
	}
	return nil
}

type jsonReader struct {
	dec   *json.Decoder
	bound *bound
	kind  *kind
	each  func(entry) error
	found bool // the list of entries
}

// errEnd says that the document came to its end.
var errEnd = unreadable("The file is cut off: the end of the JSON document is missing.")

func (j *jsonReader) next() (json.Token, error) {
	j.bound.from = j.dec.InputOffset()
	token, err := j.dec.Token()
	return token, jsonError(err)
}

// request reads the members of an object of which one is the list.
func (j *jsonReader) request() error {
	for j.dec.More() {
		name, err := j.next()
		if err != nil {
			return err
		}
		if name != j.kind.member {
			var passed json.RawMessage
			j.bound.from = j.dec.InputOffset()
			if err := j.dec.Decode(&passed); err != nil {
				return jsonError(err)
			}
			continue
		}
		token, err := j.next()
		if err != nil {
			return err
		}
		if token != json.Delim('[') || j.found {
			return unreadable("%s must be one list of entries.", j.kind.member)
		}
		if err := j.list(); err != nil {
			return err
		}
	}
	if _, err := j.next(); err != nil {
		return err
	}
	if !j.found {
		return unreadable("The JSON document has no list %q.", j.kind.member)
	}
	return nil
}

// list reads the entries, and the end of their list.
func (j *jsonReader) list() error {
	j.found = true
	for j.dec.More() {
		var raw json.RawMessage
		j.bound.from = j.dec.InputOffset()
		if err := j.dec.Decode(&raw); err != nil {
			return jsonError(err)
		}
		if err := j.each(j.kind.entry(raw)); err != nil {
			return err
		}
	}
	_, err := j.next()
	return err
}

func jsonError(err error) error {
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errEnd
	case errors.As(err, &syntax):
		return unreadable("The file is not valid JSON at byte %s.", strconv.FormatInt(syntax.Offset, 10))
	}
	return err
}

// bound stops a reader that would hold a value of any size.
type bound struct {
	r    io.Reader
	n    int64 // read so far
	from int64 // where the current value began
	most int64 // bytes of a value
}

func (b *bound) Read(p []byte) (int, error) {
	if b.n-b.from > b.most {
		return 0, unreadable("One entry of the file is larger than %d KB, which none is.", b.most>>10)
	}
	n, err := b.r.Read(p[:min(len(p), maxEntry)])
	b.n += int64(n)
	return n, err
}
