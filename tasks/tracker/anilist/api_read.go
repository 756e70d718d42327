package anilist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
)

// perChunk is how many entries a chunk of a list has; the API gives at most 500, and
// of one list at most 11,000.
const perChunk = 500

// entryFields are what is asked of an entry. scoreRaw is the score out of 100,
// whatever the format in which the user sees scores.
const entryFields = `id mediaId status scoreRaw: score(format: POINT_100) progress progressVolumes repeat priority private notes hiddenFromStatusLists customLists advancedScores startedAt { year month day } completedAt { year month day } updatedAt createdAt media { id idMal type format episodes chapters volumes title { userPreferred romaji english native } }`

const listQuery = `query ($userId: Int, $type: MediaType, $chunk: Int, $perChunk: Int) { MediaListCollection(userId: $userId, type: $type, chunk: $chunk, perChunk: $perChunk, sort: [MEDIA_ID]) { hasNextChunk user { id name mediaListOptions { scoreFormat } } lists { name isCustomList isSplitCompletedList status entries { ` + entryFields + ` } } } }`

const oneQuery = `query ($userId: Int, $mediaId: Int) { MediaList(userId: $userId, mediaId: $mediaId) { ` + entryFields + ` } }`

// Page implements tracker.LiveList. A cursor is the user's id and the number of the
// chunk. An entry stands in its status list and in custom lists, or in custom lists
// only; the reader of files knows.
func (s *session) Page(ctx context.Context, kind tracker.Kind, cursor string) (page tracker.LivePage, err error) {
	chunk := 1
	if cursor == "" {
		if _, err := s.whoami(ctx); err != nil {
			return page, err
		}
	} else if _, err := fmt.Sscanf(cursor, "%d/%d", &s.user, &chunk); err != nil {
		return page, fmt.Errorf("the cursor %q is none: %w", cursor, err)
	}
	var variables listfile.Writer
	variables.Put("userId", strconv.FormatInt(s.user, 10))
	variables.Put("type", typeOf(kind))
	variables.Put("chunk", strconv.Itoa(chunk))
	variables.Put("perChunk", strconv.Itoa(perChunk))
	var found struct {
		Collection *struct {
			HasNextChunk bool `json:"hasNextChunk"`
		} `json:"MediaListCollection"`
	}
	body, err := s.ask(ctx, listQuery, variables.String(), false, &found)
	if errors.Is(err, errAbsent) {
		return page, tracker.SignIn(tracker.AniList, "does not know the user of the token any more.")
	}
	if err != nil {
		return page, err
	}
	if found.Collection == nil {
		return page, errors.New("the answer of AniList has no list")
	}
	if found.Collection.HasNextChunk {
		page.Next = fmt.Sprintf("%d/%d", s.user, chunk+1)
	}
	page.Rows, err = rowsIn(kind, string(body))
	return page, err
}

// rowsIn reads the entries of an answer as those of a file, whose name tells the kind
// where a work is gone and tells nothing.
func rowsIn(kind tracker.Kind, document string) (rows []tracker.Row, err error) {
	err = Format{}.Read(tracker.InputOf(string(kind)+"list.json", document), func(row tracker.Row) error {
		text, _ := row.Entry.Get("updatedAt") // 0 where the site does not know
		if at, err := strconv.ParseInt(text, 10, 64); err == nil && at > 0 {
			row.Changed = time.Unix(at, 0).UTC()
		}
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

// rowOfEntry reads one entry, as the API gives it outside of a list.
func rowOfEntry(kind tracker.Kind, entry json.RawMessage) (tracker.Row, error) {
	rows, err := rowsIn(kind, `{"data":{"MediaListCollection":{"lists":[{"name":"","entries":[`+string(entry)+`]}]}}}`)
	if err == nil && len(rows) != 1 {
		err = errors.New("AniList gives no entry")
	}
	if err != nil {
		return tracker.Row{}, err
	}
	return rows[0], nil
}

// Find implements tracker.LiveList.
func (s *session) Find(ctx context.Context, key tracker.RecordKey) (row tracker.Row, there bool, err error) {
	user, err := s.whoami(ctx)
	if err != nil {
		return row, false, err
	}
	var found struct {
		MediaList json.RawMessage `json:"MediaList"`
	}
	_, err = s.ask(ctx, oneQuery, fmt.Sprintf(`{"userId":%d,"mediaId":%s}`, user, key.NativeID), false, &found)
	if errors.Is(err, errAbsent) || err == nil && strings.Trim(string(found.MediaList), " ") == "null" {
		return row, false, nil
	}
	if err != nil {
		return row, false, err
	}
	row, err = rowOfEntry(key.Kind, found.MediaList)
	return row, err == nil, err
}
