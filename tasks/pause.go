package tasks

import "fmt"

// PauseAfter is how many occurrences in a row may fail before their subscription is
// paused.
const PauseAfter = 5

// PauseByOperator is the code of a pause that the operator ordered.
const PauseByOperator Code = "paused_by_operator"

// PauseFor decides whether the end of an occurrence pauses its subscription, of
// which so many in a row have failed; the empty Pause: it does not.
func PauseFor(t *Task, failures int) Pause {
	switch {
	case mendsNot(t.ErrorCode):
		return Pause{t.ErrorCode, "Its last task cannot succeed as things are: " + t.ErrorDetail + resumes}
	case failures >= PauseAfter:
		return Pause{t.ErrorCode, fmt.Sprintf("Its last %d tasks failed; the last one said: %s%s", failures, t.ErrorDetail, resumes)}
	}
	return Pause{}
}

// resumes says what to do about a pause.
const resumes = " When that is mended, subscribe again with the same values to go on."

// mendsNot reports whether trying again at another time is of no use: somebody has to
// do something first, such as signing in again.
func mendsNot(c Code) bool {
	switch c {
	case CodeUnauthorized, CodeNotPermitted, CodeInvalidAction, CodeInvalidParameter, CodeMissing, CodeUnknownParameter:
		return true
	}
	return false
}
