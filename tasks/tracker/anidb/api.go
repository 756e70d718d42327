package anidb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/live"
)

// Where the APIs are: lists and anime are read by HTTP, and lists are written by UDP.
const (
	API     = "http://api.anidb.net:9001/httpapi"
	UDPHost = "api.anidb.net:9000"
)

// Rates are for HTTP: one page in two seconds, from one address, whoever's list it is.
var Rates = []tasks.Rate{{Every: 2100 * time.Millisecond, Wide: true}}

// datagramRates are for UDP: one packet in two seconds, and over an extended time one in
// four.
var datagramRates = []tasks.Rate{{Every: 2100 * time.Millisecond, Wide: true}, {Every: 4100 * time.Millisecond, Burst: 15, Wide: true}}

// Client is a program that is registered at AniDB.
type Client struct{ Name, Version string }

var clientText = regexp.MustCompile(`^([a-z]{4,16})/([1-9][0-9]{0,8})$`)

// ParseClient reads a client such as myclient/1; an empty text is none.
func ParseClient(text string) (Client, error) {
	if text == "" {
		return Client{}, nil
	}
	part := clientText.FindStringSubmatch(text)
	if part == nil {
		return Client{}, errors.New("must be the name and the version of a client that is registered at AniDB, such as myclient/1: 4 to 16 small letters, and a number from 1")
	}
	return Client{part[1], part[2]}, nil
}

// Options are what this adapter takes besides live.Config.
type Options struct {
	// Client and Datagrams are the registered clients for HTTP and for UDP.
	Client, Datagrams Client
	// ListsPerDay is how often a user's list may be read in a day; AniDB bans
	// who asks for the same too often.
	ListsPerDay int
	// Cache keeps what AniDB says of anime.
	Cache tasks.Cache
	// Dial, AnswerTime and Alarm are as live.LineConfig has them.
	Dial       func(ctx context.Context) (net.Conn, error)
	AnswerTime time.Duration
	Alarm      func(d time.Duration, ring func()) (stop func() bool)
}

// Live implements tracker.Live over both APIs.
type Live struct {
	api           string
	client        Client
	cache         tasks.Cache
	reader, lists *live.Caller
	udp           *udp
	now           func() time.Time
}

var _ tracker.Live = (*Live)(nil)

// NewLive makes the adapter; the first of the bases is the address of the HTTP API.
func NewLive(cfg live.Config, o Options) (*Live, error) {
	cfg.Provider, cfg.Judge = tracker.AniDB, judge
	reader, err := live.New(cfg)
	if err != nil {
		return nil, err
	}
	whole := cfg
	// A reading is two requests: the list, and the votes.
	often := 2 * max(o.ListsPerDay, 1)
	whole.Rates = append(append([]tasks.Rate(nil), cfg.Rates...), tasks.Rate{Every: 24 * time.Hour / time.Duration(often), Burst: often})
	whole.Paced = fmt.Sprintf("A list is read %d times a day at most, because AniDB bans who asks for the same more often.", often/2)
	lists, err := live.New(whole)
	if err != nil {
		return nil, err
	}
	wire := cfg
	wire.Rates, wire.Patience = datagramRates, busyTime+15*time.Second
	line, err := live.NewLine(live.LineConfig{Config: wire, Dial: o.Dial, AnswerTime: o.AnswerTime, Alarm: o.Alarm})
	if err != nil {
		return nil, err
	}
	l := &Live{api: strings.TrimSuffix(cfg.Bases[0], "/"), client: o.Client, cache: o.Cache, reader: reader, lists: lists, now: cfg.Now}
	if l.now == nil {
		l.now = time.Now
	}
	l.udp = &udp{line: line, pacer: cfg.Pacer, client: o.Datagrams, now: l.now}
	return l, nil
}

// Close closes the socket of the UDP API, once nobody uses the adapter.
func (l *Live) Close() { l.udp.line.Close() }

// Format implements tracker.Live.
func (*Live) Format() tracker.Format { return Format{} }

// Identity implements tracker.Live.
func (*Live) Identity(c tracker.Credentials) string { return strings.ToLower(c["username"]) }

// Open implements tracker.Live.
func (l *Live) Open(_ context.Context, access *tracker.Access) (tracker.LiveList, error) {
	s := &session{live: l, access: access, name: access.Credentials["username"], password: access.Credentials["password"]}
	if s.name == "" || s.password == "" {
		return nil, tracker.SignIn(tracker.AniDB, "takes a name and a password (username and password), and they are not there.")
	}
	if l.client == (Client{}) {
		return nil, unregistered("ASAPI_ANIDB_CLIENT")
	}
	return s, nil
}

// unregistered makes the error of a server that has no client to name.
func unregistered(variable string) error {
	return tasks.Permanent(tasks.CodePrecondition, "AniDB talks to registered programs only, and this server has no registration: whoever runs it has to register a client at AniDB and set "+variable+" to its name and version, such as myclient/1.")
}

// session is one run's work.
type session struct {
	live           *Live
	access         *tracker.Access
	name, password string

	mine *mylist // nil: not read yet
	told struct {
		aid int64 // the anime that was told of last; 0: none
		info
	}
}
