package tasks

import (
	"encoding/json"
	"fmt"
	"strings"
)

// MaxIDs is the greatest number of task ids in one request.
const MaxIDs = 10000

// AskedID is one id as a client wrote it.
type AskedID struct {
	Text string
	ID   ID
	Bad  *Error // not nil: Text is no UUID
}

// ParseIDs reads task ids that are repeated, comma-separated or one JSON list,
// in their order and each once. More than MaxIDs are CodeLimit, none is
// CodeMissing.
func ParseIDs(values []string) ([]AskedID, error) {
	var asked []AskedID
	seen := make(map[ID]struct{}, len(values))
	seenBad := map[string]struct{}{}
	given := 0
	add := func(text string) error {
		if text = strings.TrimSpace(text); text == "" {
			return nil
		}
		if given++; given > MaxIDs {
			return &Error{Code: CodeLimit, Field: "task_ids", Message: fmt.Sprintf("Too many task IDs submitted, limit is %d", MaxIDs)}
		}
		id, err := ParseID(text)
		if err != nil {
			if _, dup := seenBad[text]; !dup {
				seenBad[text] = struct{}{}
				asked = append(asked, AskedID{Text: text, Bad: FaultsOf(err)[0]})
			}
			return nil
		}
		if _, dup := seen[id]; !dup {
			seen[id] = struct{}{}
			asked = append(asked, AskedID{Text: text, ID: id})
		}
		return nil
	}
	for _, v := range values {
		texts, err := splitIDs(v)
		if err != nil {
			return nil, err
		}
		for text := range texts {
			if err := add(text); err != nil {
				return nil, err
			}
		}
	}
	if len(asked) == 0 {
		return nil, &Error{Code: CodeMissing, Field: "task_ids", Message: "task_ids is required: one or more task ids, separated by commas."}
	}
	return asked, nil
}

func splitIDs(v string) (func(func(string) bool), error) {
	if t := strings.TrimSpace(v); strings.HasPrefix(t, "[") {
		var list []string
		if err := json.Unmarshal([]byte(t), &list); err != nil {
			return nil, &Error{Code: CodeInvalid, Field: "task_ids", Message: "task_ids is not a JSON list of strings.", Err: err}
		}
		return func(yield func(string) bool) {
			for _, s := range list {
				if !yield(s) {
					return
				}
			}
		}, nil
	}
	return strings.SplitSeq(v, ","), nil
}

// goodIDs gives the ids that can be looked up.
func goodIDs(asked []AskedID) []ID {
	ids := make([]ID, 0, len(asked))
	for i := range asked {
		if asked[i].Bad == nil {
			ids = append(ids, asked[i].ID)
		}
	}
	return ids
}
