package anidb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"asapi/internal/testprovider"
)

// Serve is the UDP side, for testprovider.Port.
func (p *Provider) Serve(from, datagram string) ([]byte, testprovider.Trouble) {
	name, rest, _ := strings.Cut(datagram, " ")
	now := p.clock() // who is cut off by what follows may let time pass at once
	trouble := p.Datagram(from, name)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ports[from] = true
	if now.Sub(p.last) < 2*time.Second {
		p.hasty++
	}
	p.last = now
	args := argsOf(rest)
	var said string
	switch trouble {
	case testprovider.Limited:
		if said = p.Signal; said == "" {
			said = "602 SERVER BUSY - TRY AGAIN LATER"
		}
	case testprovider.Broken:
		said = "600 INTERNAL SERVER ERROR"
	case testprovider.Cut:
		return nil, trouble
	default:
		said = p.command(from, name, args)
	}
	if tag := args["tag"]; tag != "" {
		said = tag + " " + said
	}
	return []byte(said + "\n"), trouble
}

// argsOf takes parameters apart between which and inside which & stands, there as an
// entity.
func argsOf(text string) map[string]string {
	args := map[string]string{}
	for part := range strings.SplitSeq(strings.ReplaceAll(text, "&amp;", "\x00"), "&") {
		key, value, _ := strings.Cut(part, "=")
		args[key] = strings.ReplaceAll(value, "\x00", "&")
	}
	return args
}

func (p *Provider) command(from, name string, args map[string]string) string {
	switch name {
	case "AUTH":
		return p.auth(from, args)
	case "PING":
		return "300 PONG"
	}
	s := p.sessions[from]
	switch {
	case args["s"] == "" || s == nil:
		return "501 LOGIN FIRST"
	case s.key != args["s"] || p.Lasts > 0 && s.left <= 0:
		return "506 INVALID SESSION"
	}
	s.left--
	switch name {
	case "LOGOUT":
		delete(p.sessions, from)
		return "203 LOGGED OUT"
	case "MYLIST":
		return p.look(s.user, args)
	case "MYLISTADD":
		if args["edit"] == "1" {
			return p.edit(s.user, args)
		}
		return p.add(s.user, args)
	case "MYLISTDEL":
		return p.remove(s.user, args)
	case "VOTE":
		return p.vote(s.user, args)
	}
	return "598 UNKNOWN COMMAND"
}

func (p *Provider) auth(from string, args map[string]string) string {
	u := p.users[args["user"]]
	switch {
	case args["client"] != Client || args["clientver"] != Version || args["protover"] != "3":
		return "503 CLIENT VERSION OUTDATED"
	case args["enc"] != "UTF8":
		return "505 ILLEGAL INPUT OR ACCESS DENIED"
	case u == nil || u.Password != args["pass"]:
		return "500 LOGIN FAILED"
	}
	p.logins++
	key := fmt.Sprintf("Qxkey%03d", p.logins)
	p.sessions[from] = &session{u, key, p.Lasts}
	if p.logins%2 == 0 {
		return "201 " + key + " LOGIN ACCEPTED - NEW VERSION AVAILABLE"
	}
	return "200 " + key + " LOGIN ACCEPTED"
}

func number(text string) int64 { n, _ := strconv.ParseInt(text, 10, 64); return n }

func (i *Item) record() string {
	return fmt.Sprintf("%d|%d|%d|%d|0|1700000000|%d|%d||||0", i.lid, i.fid, i.eid, i.AID, i.State, i.Viewed)
}

// found gives the entries that are asked for, in the order of their places.
func (p *Provider) found(u *User, args map[string]string) (list []*Item) {
	for _, i := range u.Items {
		switch {
		case args["lid"] != "" && i.lid != number(args["lid"]),
			args["aid"] != "" && i.AID != number(args["aid"]),
			args["epno"] != "" && i.No != args["epno"],
			args["generic"] == "1" && !i.Generic:
		default:
			list = append(list, i)
		}
	}
	slices.SortFunc(list, func(a, b *Item) int { return int(a.lid - b.lid) })
	return list
}

func (p *Provider) look(u *User, args map[string]string) string {
	list := p.found(u, args)
	switch len(list) {
	case 0:
		return "321 NO SUCH ENTRY"
	case 1:
		return "221 MYLIST\n" + list[0].record()
	}
	states, watched := make([][]string, 5), []string(nil)
	for _, i := range list {
		states[i.State] = append(states[i.State], i.No)
		if i.Viewed > 0 {
			watched = append(watched, i.No)
		}
	}
	a := p.anime[list[0].AID]
	fields := []string{a.Title, strconv.Itoa(a.regular())}
	for state := range 4 {
		fields = append(fields, ranges(states[state]))
	}
	return "312 MULTIPLE MYLIST ENTRIES\n" + strings.Join(append(fields, ranges(watched), "GRP", ""), "|")
}

// ranges joins numbers that follow each other, such as 1-3,S1.
func ranges(list []string) string {
	var out []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && number(list[j]) > 0 && number(list[j+1]) == number(list[j])+1 {
			j++
		}
		if j > i {
			out = append(out, list[i]+"-"+list[j])
		} else {
			out = append(out, list[i])
		}
		i = j + 1
	}
	return strings.Join(out, ",")
}

func (p *Provider) add(u *User, args map[string]string) string {
	a := p.anime[number(args["aid"])]
	if a == nil {
		return "330 NO SUCH ANIME"
	}
	numbers := []string{args["epno"]}
	if up := number(args["epno"]); up < 0 {
		numbers = nil
		for n := range -up {
			numbers = append(numbers, strconv.FormatInt(n+1, 10))
		}
	}
	added, before := 0, (*Item)(nil)
	for _, no := range numbers {
		if a.eid(no) == 0 {
			continue
		}
		if there := p.found(u, map[string]string{"aid": args["aid"], "epno": no, "generic": "1"}); len(there) > 0 {
			before = there[0]
			continue
		}
		i := Item{AID: a.ID, No: no, State: int(number(args["state"])), Generic: true}
		if args["viewed"] == "1" {
			i.Viewed = p.viewed(args)
		}
		p.put(u, i)
		p.wrote(a.ID, no)
		added++
	}
	switch {
	case added > 0:
		return "210 MYLIST ENTRY ADDED\n" + strconv.Itoa(added)
	case before != nil:
		return "310 FILE ALREADY IN MYLIST\n" + before.record()
	}
	return "320 NO SUCH FILE"
}

func (p *Provider) viewed(args map[string]string) int64 {
	if at := number(args["viewdate"]); at > 0 {
		return at
	}
	return p.clock().Unix()
}

func (p *Provider) edit(u *User, args map[string]string) string {
	list := p.found(u, args)
	if len(list) == 0 {
		return "411 NO SUCH MYLIST ENTRY"
	}
	for _, i := range list {
		i.Viewed = 0
		if args["viewed"] == "1" {
			i.Viewed = p.viewed(args)
		}
		p.wrote(i.AID, i.No)
	}
	return "311 MYLIST ENTRY EDITED\n" + strconv.Itoa(len(list))
}

func (p *Provider) remove(u *User, args map[string]string) string {
	list := p.found(u, args)
	if len(list) == 0 {
		return "411 NO SUCH MYLIST ENTRY"
	}
	for _, i := range list {
		delete(u.Items, i.lid)
		p.wrote(i.AID, i.No)
	}
	return "211 MYLIST ENTRY DELETED\n" + strconv.Itoa(len(list))
}

// vote tells a vote, or takes one; for good only where an episode was watched.
func (p *Provider) vote(u *User, args map[string]string) string {
	aid, value := number(args["id"]), int(number(args["value"]))
	a := p.anime[aid]
	if a == nil {
		return "330 NO SUCH ANIME"
	}
	list := map[string]map[int64]int{"1": u.Votes, "2": u.Temp}[args["type"]]
	was := list[aid]
	said := fmt.Sprintf("\n%s|%d|%s|%d", a.Title, max(value, was), args["type"], aid)
	watched := slices.ContainsFunc(p.found(u, map[string]string{"aid": args["id"]}), func(i *Item) bool { return i.Viewed > 0 })
	switch {
	case list == nil:
		return "361 INVALID VOTE TYPE"
	case value == 0 && was == 0:
		return "360 NO SUCH VOTE" + said
	case value == 0:
		return "261 VOTE FOUND" + said
	case value < 100 || value > 1000:
		return "362 INVALID VOTE VALUE"
	case args["type"] == "1" && !watched:
		return "363 PERMVOTE NOT ALLOWED" + said
	case args["type"] == "2" && u.Votes[aid] > 0:
		return "364 ALREADY PERMVOTED" + said
	}
	list[aid] = value
	p.wrote(aid, "vote")
	if args["type"] == "1" {
		delete(u.Temp, aid)
	}
	if was > 0 {
		return "262 VOTE UPDATED" + said
	}
	return "260 VOTED" + said
}
