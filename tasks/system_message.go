package tasks

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
)

// SystemAction is the action of messages that are no task's result: on a stream
// their type is system. They are kept and consumed as results are, each under an id
// of its own that stands in the store like that of a task that has ended.
const SystemAction = "system"

// CodeSubscriptionPaused is the code inside the message that says so.
const CodeSubscriptionPaused Code = "subscription_paused"

// PausedMessage is the result that tells a stream that a subscription was paused.
// Published clients take a system message that holds the word "error" as fatal, so a
// reason that holds it is told in other words; /list-subscriptions/ has it.
func PausedMessage(s *Subscription, message *Task) Result {
	reason := s.Pause.Reason
	if strings.Contains(strings.ToLower(reason), "error") {
		reason = "The list of subscriptions says why."
	}
	said := struct {
		Message      string `json:"message"`
		Code         Code   `json:"code"`
		Subscription ID     `json:"subscription_id"`
		Service      string `json:"service"`
		Action       string `json:"action"`
		Because      Code   `json:"because"`
		Failures     int    `json:"failures"`
		LastTask     *ID    `json:"last_task_id,omitempty"`
	}{
		Message: "A subscription was paused. " + reason, Code: CodeSubscriptionPaused, Subscription: s.ID,
		Service: s.Service, Action: s.Action, Because: s.Pause.Code, Failures: s.Failures,
	}
	if !s.LastTask.IsZero() {
		said.LastTask = &s.LastTask
	}
	payload, err := json.Marshal(said)
	if err != nil { // strings, numbers and ids always marshal
		payload = fmt.Appendf(nil, `{"message":"A subscription was paused.","code":%q}`, CodeSubscriptionPaused)
	}
	return ResultFor(message, Result{
		Success: true, ContentType: "application/json", Inline: payload, Size: int64(len(payload)), SHA256: sha256.Sum256(payload),
	})
}
