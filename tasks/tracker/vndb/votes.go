package vndb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// voteLine is a line of the dump of votes: visual novel, user, vote of 10 to 100,
// date. Ids are bare numbers there.
var voteLine = regexp.MustCompile(`^\s*v?(\d{1,18})[ \t]+u?(\d{1,18})[ \t]+(\d{1,9})(?:[ \t]+(\d{4}-\d\d-\d\d))?\s*$`)

// maxLine bounds a line of a dump of votes, in bytes; it is the size of the
// buffer that the file is read through.
const maxLine = 64 << 10

// readVotes reads lines of the dump of votes. The dump is of all users, a list
// of one: the lines of a second user make it no list.
func readVotes(in *bufio.Reader, row func(tracker.Row) error) error {
	user := ""
	for number := 1; ; number++ {
		raw, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return tracker.Unreadable(fmt.Sprintf("Line %d is longer than %d KB; a vote is not.", number, maxLine>>10))
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if line := strings.TrimPrefix(string(raw), "\ufeff"); strings.TrimSpace(line) != "" {
			r, whose := voteIn(line, number)
			if user == "" {
				user = whose
			}
			if whose != "" && whose != user {
				return tracker.Unreadable(fmt.Sprintf("The file has votes of several users (u%s, and u%s at line %d); keep the lines of one and send it again.", user, whose, number))
			}
			if err := row(r); err != nil {
				return err
			}
		}
		if err != nil {
			return nil //nolint:nilerr // the only error left is the end of the file
		}
	}
}

// voteNote says what is made of a vote.
const voteNote = "The dump tells only the vote; the visual novel is taken as finished."

// voteIn makes a row of one line, and says whose vote it is.
func voteIn(line string, number int) (row tracker.Row, user string) {
	row.Key = tracker.RecordKey{Provider: tracker.VNDB, Kind: tracker.VisualNovel, NativeID: "line " + strconv.Itoa(number)}
	found := voteLine.FindStringSubmatch(line)
	if found == nil {
		if !utf8.ValidString(line) || strings.ContainsRune(line, 0) {
			row.Fault = fmt.Sprintf("Line %d holds bytes that are no text.", number)
			return row, ""
		}
		row.Fault = fmt.Sprintf("Line %d is %q, which is no vote such as 17 2 85 2024-05-17 (visual novel, user, vote, date).", number, tasks.Clip(strings.TrimSpace(line), 60))
		return row, ""
	}
	id, known := idOf(found[1])
	user = strings.TrimLeft(found[2], "0")
	score, _ := strconv.ParseInt(found[3], 10, 64) // nine digits always fit
	date, dated := dateOf(found[4])
	switch {
	case !known:
		row.Fault = fmt.Sprintf("Line %d: %s is no id of a visual novel.", number, found[1])
	case score < 10 || score > 100:
		row.Fault = fmt.Sprintf("Line %d: the vote %d is not one from 10 to 100.", number, score)
	case !dated || (found[4] != "" && (date.Month == 0 || date.Day == 0)):
		row.Fault = fmt.Sprintf("Line %d: %s is no date.", number, found[4])
	}
	if row.Fault != "" {
		return row, user
	}
	row.Key.NativeID, row.Note = id, voteNote
	row.Entry = tracker.Entry{Facts: tracker.Facts{Status: tracker.Done, Score: score}, Native: []tracker.Field{{atID, id}, {elVote, voteOf(score)}}}
	if found[4] != "" {
		row.Entry.Native = append(row.Entry.Native, tracker.Field{elVoted, found[4] + "T00:00:00Z"})
	}
	return row, user
}
