package main

import (
	"errors"
	"strings"
	"time"
	"unicode"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// rights are the flags for what a credential may do: a token, or a way to get
// access tokens.
type rights struct {
	Admin   bool     `help:"See and cancel the activities of all clients."`
	Allow   []string `sep:"none" help:"Permission service/action[:parameter=value]; repeat it for more. Default: everything."`
	Limit   []string `help:"Limit submits-per-second=N or open-tasks=N; repeat it for more."`
	Expires string   `help:"When it ends: a duration such as 720h, or a time such as 2026-11-22T10:00:00Z. Default: never."`
	Ack     string   `help:"What makes a message of the stream consumed: auto or explicit." default:"auto"`
	Stream  string   `help:"Stream of the client to share; default: a new one."`
}

// token reads the flags.
func (r *rights) token(protocol string) (tasks.Token, error) {
	token := tasks.Token{Admin: r.Admin, Stream: r.Stream}
	var err error
	if token.Protocol, err = tasks.ParseProtocol(protocol); err != nil {
		return token, err
	}
	if token.Ack, err = tasks.ParseAck(r.Ack); err != nil {
		return token, err
	}
	if token.Protocol == tasks.ASStore && (token.Stream != "" || token.Ack != tasks.AckAuto) {
		return token, errors.New("--stream and --ack belong to the protocol aschannel")
	}
	if len(token.Stream) > 100 || strings.ContainsFunc(token.Stream, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || unicode.IsSpace(r) }) {
		return token, errors.New("--stream takes up to 100 ASCII characters without white space")
	}
	for _, allow := range r.Allow {
		p, err := tasks.ParsePermission(allow)
		if err == nil {
			err = services(nil, nil, nil, tracker.Lives{}, true).CheckPermission(p)
		}
		if err != nil {
			return token, err
		}
		token.Allow = append(token.Allow, p)
	}
	for _, limit := range r.Limit {
		if err := token.Limits.Set(limit); err != nil {
			return token, err
		}
	}
	token.ExpiresAt, err = moment("expires", r.Expires, true)
	return token, err
}

// given reports whether any of the flags was set.
func (r *rights) given() bool {
	return r.Admin || len(r.Allow) > 0 || len(r.Limit) > 0 || r.Expires != "" || r.Ack != string(tasks.AckAuto) || r.Stream != ""
}

// stateOf says in one word whether a token may be used.
func stateOf(t *tasks.Token) string {
	switch {
	case !t.RevokedAt.IsZero():
		return "revoked"
	case !t.Valid(time.Now()):
		return "expired"
	}
	return "valid"
}
