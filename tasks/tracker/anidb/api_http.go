package anidb

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/live"
	"asapi/tasks/tracker/xmlfile"
)

// banTime is for how long AniDB is left alone after it banned an address. It says no
// time; bans are known to end within half a day.
const banTime = 12 * time.Hour

// maxPlain bounds an answer once it is unpacked.
const maxPlain = 128 << 20

// ask sends a request of the HTTP API by a caller, and gives the answer, unpacked. The
// name and the password stand in its address, as the API has it; nothing tells addresses.
func (s *session) ask(ctx context.Context, caller *live.Caller, request string, more url.Values) ([]byte, error) {
	q := url.Values{"client": {s.live.client.Name}, "clientver": {s.live.client.Version}, "protover": {"1"}, "request": {request}}
	maps.Copy(q, more)
	answer, err := caller.Do(ctx, s.access.Lane, live.Request{Method: http.MethodGet, URL: s.live.api + "?" + q.Encode(), Accept: "*/*"})
	if err != nil {
		return nil, err
	}
	body, err := unpacked(answer.Body, maxPlain)
	if err != nil {
		return nil, tasks.Permanent(tasks.CodeTooLarge, "The answer of AniDB is larger than a list can be; it was not read.")
	}
	return body, s.fault(body)
}

var errTooLarge = errors.New("the answer is too large once it is unpacked")

// unpacked unpacks what is packed by gzip, which AniDB does whether it was asked to or
// not; at most most bytes. What is cut off gives what there is of it.
func unpacked(body []byte, most int64) ([]byte, error) {
	if !bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		return body, nil
	}
	in, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return body, nil //nolint:nilerr // it is judged as what it is, no document
	}
	plain, _ := io.ReadAll(io.LimitReader(in, most+1)) // a cut is seen in the document
	if int64(len(plain)) > most {
		return nil, errTooLarge
	}
	return plain, nil
}

// errorOf gives the words of an answer that is an error; ok is false when it is none.
func errorOf(body []byte) (code, text string, ok bool) {
	var e struct {
		XMLName xml.Name `xml:"error"`
		Code    string   `xml:"code,attr"`
		Value   string   `xml:"value,attr"`
		Text    string   `xml:",chardata"`
	}
	if len(body) > 64<<10 || xml.Unmarshal(body, &e) != nil {
		return "", "", false
	}
	return e.Code, tasks.Clip(strings.TrimSpace(e.Text+" "+e.Value), 200), true
}

// judge knows what is no answer of this API: a ban, and anything that is not XML of it.
func judge(a *live.Answer) live.Verdict {
	body, err := unpacked(a.Body, maxPlain)
	if err != nil {
		return live.Verdict{} // told as too large
	}
	_, text, fault := errorOf(body)
	words := strings.ToLower(text)
	if strings.Contains(words, "banned") { // with whatever status
		return live.Verdict{Wait: banTime, Reason: "It banned this address for some hours, as it does with who asks too often.", Wide: true}
	}
	v := live.Signals(a)
	switch {
	case v != (live.Verdict{}):
		return v
	case fault && (strings.Contains(words, "internal") || strings.Contains(words, "busy") || strings.Contains(words, "out of service")):
		return live.Verdict{Broken: "It answers with an error of its own."}
	case !fault && !whole(body):
		return live.Verdict{Broken: "Its answer is no XML of its API, or is cut off."}
	}
	return live.Verdict{}
}

// whole reports whether a body is a document of the API from its root to the end of it.
func whole(body []byte) bool {
	body = bytes.TrimSpace(body)
	for _, root := range []string{"mylist", "votes", "anime"} {
		if bytes.Contains(body[:min(len(body), headSize)], []byte("<"+root)) && (bytes.HasSuffix(body, []byte("</"+root+">")) || bytes.HasSuffix(body, []byte("/>"))) {
			return true
		}
	}
	return false
}

// Errors that are told apart by who asked.
var (
	errEmptyList = errors.New("there is no list")
	errNoAnime   = tracker.Refused("AniDB does not have this anime.")
)

// fault gives the error that an answer tells.
func (s *session) fault(body []byte) error {
	code, text, ok := errorOf(body)
	words := strings.ToLower(text)
	switch {
	case !ok:
		return nil
	case code == "330", strings.Contains(words, "no such mylist"), strings.Contains(words, "no such vote"):
		return errEmptyList
	case strings.Contains(words, "client"):
		return tasks.Permanent(tasks.CodePrecondition, "AniDB does not take the client that this server names ("+s.live.client.Name+", version "+s.live.client.Version+"): "+s.hidden(text)+". Whoever runs the server has to register it, or set ASAPI_ANIDB_CLIENT to one that is registered.")
	case strings.Contains(words, "anime"), strings.Contains(words, "aid"):
		return errNoAnime
	case strings.Contains(words, "login"), strings.Contains(words, "pass"), strings.Contains(words, "user"), strings.Contains(words, "auth"):
		return tracker.SignIn(tracker.AniDB, "does not take the name or the password.")
	}
	return tasks.Permanent(tasks.CodeUnavailable, "AniDB answers with an error: "+s.hidden(text)+".")
}

// hidden takes what signs in out of a text that came from outside.
func (s *session) hidden(text string) string {
	for _, secret := range []string{s.password, s.name} {
		text = strings.ReplaceAll(text, secret, "...")
	}
	return text
}

// elements gives each element right below the root of a document.
func elements(body []byte, root string, each func(e *xmlfile.Element)) error {
	r, err := xmlfile.NewReader(bytes.NewReader(body), title, func(name string) bool { return name == root })
	if err != nil {
		return unreadable(err)
	}
	for {
		t, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return unreadable(err)
		case t.Kind != xmlfile.Start || t.Depth != 2:
			continue
		}
		e, err := r.Element(t)
		if err != nil {
			return unreadable(err)
		}
		each(&e)
	}
}

// unreadable makes the error of an answer that is no document.
func unreadable(cause error) error {
	return &tasks.Error{Code: tasks.CodeInvalid, Message: "The answer of AniDB is not what it should be, so nothing was taken from it.", Err: cause}
}
