package anidb

import (
	"context"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/live"
)

// What is known of the UDP API.
const (
	protover   = "3"
	maxPayload = 1400 // bytes of a datagram
	// sessionTime is for how long a session is used after its last datagram; AniDB
	// ends it after 35 minutes.
	sessionTime = 30 * time.Minute
	// turnTime is for how long one user's datagrams keep those of others away after
	// the last of them.
	turnTime = time.Minute
	// busyTime is how long a busy server is left alone. A run waits for that in place,
	// once in a command: what it found out before need not be found out again then.
	busyTime = 30 * time.Second
	// maxSessions is how often a command is sent whose session is lost each time.
	maxSessions = 3
)

// The codes of answers that this adapter knows.
const (
	loginAccepted   = "200"
	loginNewVersion = "201"
	listAdded       = "210"
	listDeleted     = "211"
	listEntry       = "221"
	voted           = "260"
	voteFound       = "261"
	voteUpdated     = "262"
	alreadyListed   = "310"
	listEdited      = "311"
	manyEntries     = "312"
	noSuchFile      = "320"
	noSuchEntry     = "321"
	manyFiles       = "322"
	noSuchAnime     = "330"
	noSuchEpisode   = "340"
	noSuchVote      = "360"
	noPermanentVote = "363"
	alreadyVoted    = "364"
	notOnList       = "411"
	loginFailed     = "500"
	loginFirst      = "501"
	accessDenied    = "502"
	clientOutdated  = "503"
	clientBanned    = "504"
	illegalInput    = "505"
	invalidSession  = "506"
	banned          = "555"
	unknownCommand  = "598"
	outOfService    = "601"
	serverBusy      = "602"
	resubmit        = "604"
)

// udp is the UDP API. A session belongs to the address and the port that it was begun
// from, so that one user at a time works with it, in all processes together: that is no
// slower, because the pace is that of the address, whoever's list it is.
type udp struct {
	line   *live.Line
	pacer  tasks.Pacer
	client Client
	now    func() time.Time

	mu      sync.Mutex
	current struct {
		whose, key string // key is empty: there is no session
		at         time.Time
	}
}

// reply is an answer: its code, what else stands in the first line, and the fields of the
// second.
type reply struct {
	code, text string
	fields     []string
}

// parse takes a datagram apart: code and text, and in the next line fields between bars.
// A tag stands before the code when the command had one; some errors come without.
func parse(datagram []byte, tag string) (r reply, tagged bool) {
	text := strings.ToValidUTF8(string(datagram), "\ufffd")
	text, tagged = strings.CutPrefix(text, tag+" ")
	head, rest, _ := strings.Cut(text, "\n")
	r.code, r.text, _ = strings.Cut(strings.TrimSpace(head), " ")
	line, _, _ := strings.Cut(rest, "\n")
	if line = strings.TrimRight(line, "\r"); line != "" {
		r.fields = strings.Split(line, "|")
	}
	return r, tagged
}

// field gives a field; empty: there is none. What AniDB adds to answers comes behind.
func (r *reply) field(i int) string {
	if i < len(r.fields) {
		return r.fields[i]
	}
	return ""
}

// answers accepts what has the tag, and the errors that AniDB sends before it looks at
// tags.
func answers(datagram []byte, tag string) bool {
	r, tagged := parse(datagram, tag)
	return tagged || len(r.code) == 3 && (r.code == banned || r.code == unknownCommand || r.code[0] == '6')
}

// verdict tells what an answer says besides its content.
func verdict(datagram []byte) live.Verdict {
	r, _ := parse(datagram, "")
	if len(r.code) != 3 || strings.Trim(r.code, "0123456789") != "" { // it is the tag
		r, _ = parse(datagram, r.code)
	}
	switch {
	case r.code == banned, r.code == clientBanned && strings.Contains(strings.ToLower(r.text), "flood"):
		return live.Verdict{Wait: banTime, Reason: "It banned this address for some hours, as it does with who asks too often.", Wide: true}
	case r.code == serverBusy:
		return live.Verdict{Wait: busyTime, Reason: "It is busy.", Wide: true}
	case r.code == outOfService:
		return live.Verdict{Wait: 30 * time.Minute, Reason: "It is out of service for now.", Wide: true}
	case r.code == resubmit:
		return live.Verdict{Wait: busyTime, Reason: "It wants the same again after a while."}
	case len(r.code) != 3 || r.code[0] == '6':
		return live.Verdict{Broken: "It answers with an error of its own."}
	}
	return live.Verdict{}
}

// command is a line such as MYLIST aid=1&s=xxxxx.
type command struct {
	name   string
	params []tracker.Field
	writes bool
}

// with appends a parameter.
func (c *command) with(name, value string) { c.params = append(c.params, tracker.Field{name, value}) }

// escaper escapes values as the API has it: the entity for &, and line ends as tags.
var escaper = strings.NewReplacer("&", "&amp;", "\r\n", "<br />", "\n", "<br />", "\r", "<br />")

// line spells the command.
func (c *command) line(more ...tracker.Field) string {
	var b strings.Builder
	b.WriteString(c.name)
	sign := byte(' ')
	for _, list := range [][]tracker.Field{c.params, more} {
		for _, p := range list {
			b.WriteByte(sign)
			b.WriteString(p[0] + "=" + escaper.Replace(p[1]))
			sign = '&'
		}
	}
	return b.String()
}

// send sends a command in the session of the user, which is begun when there is none, and
// again when AniDB lost it.
func (s *session) send(ctx context.Context, c command) (reply, error) {
	u := s.live.udp
	lane := live.Lane(tracker.AniDB, s.access.Lane)
	wait, err := u.pacer.Enter(ctx, lane, lane.Credential, 1, turnTime)
	switch {
	case err != nil:
		return reply{}, tasks.Later(s.live.now().Add(10*time.Second), "What keeps the pace of requests does not answer; the task goes on when it does.")
	case wait > 0:
		return reply{}, tasks.Later(s.live.now().Add(wait), "AniDB takes changes of one user at a time; this task goes on after others.")
	}
	if err := s.access.Stay(ctx); err != nil { // an anime may have very many episodes
		return reply{}, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for try := 1; ; try++ {
		if err := u.login(ctx, lane, s); err != nil {
			return reply{}, err
		}
		r, err := u.exchange(ctx, lane, c, tracker.Field{"s", u.current.key})
		if err != nil {
			return r, err
		}
		u.current.at = u.now()
		if r.code != loginFirst && r.code != invalidSession {
			return r, s.denied(r)
		}
		u.current.key = ""
		if try == maxSessions {
			return r, tasks.Later(u.now().Add(10*time.Minute), "AniDB: It loses the session again and again. The task goes on in ten minutes.")
		}
	}
}

// exchange sends one command and waits for its answer.
func (u *udp) exchange(ctx context.Context, lane tasks.Lane, c command, more ...tracker.Field) (reply, error) {
	var tag string
	answer, err := u.line.Exchange(ctx, lane, live.Datagram{
		Text:    func(t string) string { tag = t; return c.line(append(more, tracker.Field{"tag", t})...) },
		Answers: answers, Judge: verdict, Writes: c.writes,
	})
	if err != nil {
		return reply{}, err
	}
	r, _ := parse(answer, tag)
	return r, nil
}

// login begins a session for the user, unless there is one. Another user's is ended.
func (u *udp) login(ctx context.Context, lane tasks.Lane, s *session) error {
	if u.client == (Client{}) {
		return unregistered("ASAPI_ANIDB_UDP_CLIENT")
	}
	old := u.current.key != "" && u.now().Sub(u.current.at) < sessionTime
	if old && u.current.whose == lane.Credential {
		return nil
	}
	if old {
		key := u.current.key
		u.current.key = ""
		if _, err := u.exchange(ctx, lane, command{name: "LOGOUT"}, tracker.Field{"s", key}); err != nil {
			return err
		}
	}
	auth := command{name: "AUTH", params: []tracker.Field{
		{"user", s.name}, {"pass", s.password}, {"protover", protover}, {"client", u.client.Name}, {"clientver", u.client.Version}, {"enc", "UTF8"},
	}}
	if len(auth.line()) > maxPayload-40 || !utf8.ValidString(auth.line()) {
		return tracker.SignIn(tracker.AniDB, "has no room for such a long name or password.")
	}
	r, err := u.exchange(ctx, lane, auth)
	if err != nil {
		return err
	}
	switch r.code {
	case loginAccepted, loginNewVersion:
		key, _, _ := strings.Cut(r.text, " ")
		u.current.whose, u.current.key, u.current.at = lane.Credential, key, u.now()
		return nil
	case loginFailed:
		return tracker.SignIn(tracker.AniDB, "does not take the name or the password.")
	case clientOutdated, clientBanned:
		return tasks.Permanent(tasks.CodePrecondition, "AniDB does not take the client that this server names ("+u.client.Name+", version "+u.client.Version+"): "+s.words(r)+". Whoever runs the server has to register a newer version, and set ASAPI_ANIDB_UDP_CLIENT to it.")
	}
	return tracker.SignIn(tracker.AniDB, "refuses to let the user in: "+s.words(r)+".")
}

// denied gives the error of an answer that is one to any command.
func (s *session) denied(r reply) error {
	switch r.code {
	case accessDenied:
		return tracker.SignIn(tracker.AniDB, "does not let this user do that.")
	case clientOutdated, clientBanned:
		return tasks.Permanent(tasks.CodePrecondition, "AniDB does not take the client that this server names: "+s.words(r)+".")
	}
	return nil
}

// words gives what AniDB said, without what signs in.
func (s *session) words(r reply) string {
	return tasks.Clip(s.hidden(strings.TrimSpace(r.code+" "+r.text+" "+r.field(0))), 200)
}

// unexpected says that an answer does not belong to the command.
func (s *session) unexpected(r reply) string {
	return "AniDB refused the entry: " + s.words(r) + "."
}
