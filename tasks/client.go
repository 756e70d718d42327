package tasks

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// ClientID identifies a tenant.
type ClientID int64

// EveryClient stands for all clients where a method of the store says that it may.
// No client has this id. It has no type of its own, since ClientID is no enumeration.
const EveryClient = 0

// Client is a tenant: it owns tokens, accounts, streams and tasks.
type Client struct {
	ID        ClientID
	Name      string
	CreatedAt time.Time
}

// Protocol is how a token's results are retrieved.
type Protocol string

// The two retrieval protocols.
const (
	ASChannel Protocol = "aschannel"
	ASStore   Protocol = "asstore"
)

// ParseProtocol reads a protocol's name.
func ParseProtocol(s string) (Protocol, error) {
	switch p := Protocol(s); p {
	case ASChannel, ASStore:
		return p, nil
	}
	return "", &Error{Code: CodeInvalid, Field: "protocol", Message: "protocol must be aschannel or asstore."}
}

// Ack says what makes a message of a stream consumed.
type Ack string

// The two ways; see docs/delivery.md.
const (
	AckAuto     Ack = "auto"
	AckExplicit Ack = "explicit"
)

// ParseAck reads a way of acknowledging; the empty string is AckAuto.
func ParseAck(s string) (Ack, error) {
	switch a := Ack(s); a {
	case "":
		return AckAuto, nil
	case AckAuto, AckExplicit:
		return a, nil
	}
	return "", &Error{Code: CodeInvalid, Field: "ack", Message: "ack must be auto or explicit."}
}

// Token is a client's credential. The secret itself is never kept.
type Token struct {
	ID        string
	Client    ClientID
	Protocol  Protocol
	Stream    string // of an aschannel token; several tokens may share it
	Ack       Ack
	Admin     bool
	Allow     []Permission // empty: everything
	Limits    Limits
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	RevokedAt time.Time // zero: not revoked
	Webhook   string    // the address that is told of ends; empty: none
}

// Valid reports whether the token may still be used at the given time.
func (t Token) Valid(now time.Time) bool {
	return t.RevokedAt.IsZero() && (t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt))
}

// Permission allows one action, or with "*" every action of a service; values
// narrow one of its parameters.
type Permission struct {
	Service   string
	Action    string
	Parameter string // empty: no narrowing
	Value     string
}

// ParsePermission reads service/action[:parameter=value].
func ParsePermission(s string) (Permission, error) {
	bad := &Error{Code: CodeInvalid, Field: "allow", Message: "A permission reads service/action or service/action:parameter=value, not " + Clip(s, 64)}
	path, narrowed, has := strings.Cut(s, ":")
	var p Permission
	var ok bool
	if p.Service, p.Action, ok = strings.Cut(path, "/"); !ok || p.Service == "" || p.Action == "" {
		return p, bad
	}
	if has {
		if p.Parameter, p.Value, ok = strings.Cut(narrowed, "="); !ok || p.Parameter == "" {
			return p, bad
		}
	}
	return p, nil
}

// String gives the form that ParsePermission reads.
func (p Permission) String() string {
	s := p.Service + "/" + p.Action
	if p.Parameter != "" {
		s += ":" + p.Parameter + "=" + p.Value
	}
	return s
}

// May reports whether the token may use the action at all.
func (t Token) May(service, action string) bool {
	return len(t.Allow) == 0 || slices.ContainsFunc(t.Allow, func(p Permission) bool { return p.matches(service, action) })
}

func (p Permission) matches(service, action string) bool {
	return (p.Service == "*" || p.Service == service) && (p.Action == "*" || p.Action == action)
}

// Narrowed gives, per parameter, the values this token may use; a parameter
// that is absent is not narrowed. One permission without a parameter lifts the
// narrowing of its action.
func (t Token) Narrowed(service, action string) map[string][]string {
	narrowed := map[string][]string{}
	for _, p := range t.Allow {
		if !p.matches(service, action) {
			continue
		}
		if p.Parameter == "" {
			return map[string][]string{}
		}
		narrowed[p.Parameter] = append(narrowed[p.Parameter], p.Value)
	}
	return narrowed
}

// Limits bound what one token may do. Zero: the server's default.
type Limits struct {
	SubmitsPerSecond float64 // also the burst, rounded up
	OpenTasks        int64   // tasks of the client that have not ended
}

// Set reads one limit as name=value: submits-per-second or open-tasks.
func (l *Limits) Set(s string) error {
	bad := &Error{Code: CodeInvalid, Field: "limit", Message: "A limit reads submits-per-second=N or open-tasks=N with N above 0, not " + Clip(s, 64)}
	name, value, _ := strings.Cut(s, "=")
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || !(n > 0) || n > 1e12 {
		return bad
	}
	switch name {
	case "submits-per-second":
		l.SubmitsPerSecond = n
	case "open-tasks":
		l.OpenTasks = int64(n)
	default:
		return bad
	}
	return nil
}

// Caller is an authenticated token with its client.
type Caller struct {
	Token  Token
	Client Client
}

// Account is a (client, service, username) that tasks work for.
type Account struct {
	Client       ClientID
	Service      string // slug
	Username     string
	RegisteredAt time.Time
}
