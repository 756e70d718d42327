package tracker

import (
	"net/url"
	"strconv"
	"strings"

	"asapi/tasks"
)

// maxOwnID is the longest id that a caller may give, in bytes.
const maxOwnID = 100

// TrackerName is a parsed name of a tracker.
type TrackerName struct {
	Parent string // as Owner has it
	ID     string // the server's number, or the id its owner gave it
}

// String gives the full name.
func (n TrackerName) String() string { return n.Parent + "/trackers/" + n.ID }

// ParseParent reads users/{account} or audiences/{audience} and gives the form
// that rows have. An account's name may be escaped like a path segment.
func ParseParent(name string) (string, error) {
	parent, rest, err := cutParent(name)
	if err == nil && rest != "" {
		err = badName("parent", name, "users/{user} or audiences/{audience}")
	}
	return parent, err
}

// ParseTrackerName reads {parent}/trackers/{tracker}.
func ParseTrackerName(name string) (TrackerName, error) {
	parent, rest, err := cutParent(name)
	id, ok := strings.CutPrefix(rest, "trackers/")
	if err != nil || !ok || !validOwnID(id) {
		return TrackerName{}, badName("name", name, "users/{user}/trackers/{tracker}")
	}
	return TrackerName{parent, id}, nil
}

// ParseActivityName reads {parent}/trackers/{tracker}/activities/{activity}.
func ParseActivityName(name string) (TrackerName, int64, error) {
	of, number, ok := strings.Cut(name, "/activities/")
	tracker, err := ParseTrackerName(of)
	id, bad := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || bad != nil || id <= 0 {
		return TrackerName{}, 0, badName("name", name, "users/{user}/trackers/{tracker}/activities/{activity}")
	}
	return tracker, id, nil
}

// ParseAudienceName reads audiences/{audience}.
func ParseAudienceName(name string) (string, error) {
	parent, rest, err := cutParent(name)
	if id, ok := strings.CutPrefix(parent, audiences); err == nil && ok && rest == "" {
		return id, nil
	}
	return "", badName("name", name, "audiences/{audience}")
}

// audiences and users begin the two kinds of parents.
const (
	audiences = "audiences/"
	users     = "users/"
)

// Audience gives the id of the audience that the owner is; false: it is a user.
func (o Owner) Audience() (string, bool) { return strings.CutPrefix(o.Parent, audiences) }

// User gives the account that the owner is; false: it is an audience.
func (o Owner) User() (string, bool) {
	escaped, ok := strings.CutPrefix(o.Parent, users)
	if !ok {
		return "", false
	}
	name, err := url.PathUnescape(escaped)
	return name, err == nil
}

func cutParent(name string) (parent, rest string, err error) {
	bad := badName("parent", name, "users/{user} or audiences/{audience}")
	if strings.ContainsRune(name, 0) {
		return "", "", bad
	}
	kind, rest, ok := strings.Cut(name, "/")
	id, rest, _ := strings.Cut(rest, "/")
	if !ok {
		return "", "", bad
	}
	switch kind + "/" {
	case audiences:
		if !validOwnID(id) {
			return "", "", bad
		}
		return audiences + id, rest, nil
	case users:
		username, err := url.PathUnescape(id)
		if err != nil || tasks.CheckUsername("parent", username) != nil {
			return "", "", bad
		}
		return users + url.PathEscape(username), rest, nil
	}
	return "", "", bad
}

func badName(field, name, like string) error {
	return &tasks.Error{Code: tasks.CodeInvalid, Field: field, Message: strings.ToValidUTF8(tasks.Clip(strconv.Quote(name), 120), "?") + " is no such name; it reads " + like + "."}
}

func validOwnID(id string) bool { return validID(id) && id != anyID && len(id) <= maxOwnID }
