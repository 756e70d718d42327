package asapi

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// subscription is a subscription on the wire.
type subscription struct {
	ID         string              `json:"subscription_id"`
	Service    string              `json:"service"`
	Action     string              `json:"action"`
	Account    string              `json:"account"`
	Parameters map[string][]string `json:"parameters"`
	Every      int64               `json:"every"` // seconds
	State      string              `json:"state"`
	CreatedAt  time.Time           `json:"created_at"`
	NextAt     *time.Time          `json:"next_at,omitempty"`
	Tasks      int64               `json:"tasks"`
	Skipped    int64               `json:"skipped"`
	Failures   int                 `json:"failures"`
	LastTask   string              `json:"last_task_id,omitempty"`
	LastAt     *time.Time          `json:"last_at,omitempty"`
	PausedAt   *time.Time          `json:"paused_at,omitempty"`
	Because    tasks.Code          `json:"paused_because,omitempty"`
	Reason     string              `json:"paused_reason,omitempty"`
}

func subscriptionOf(s *tasks.Subscription) subscription {
	out := subscription{
		ID: s.ID.String(), Service: s.Service, Action: s.Action, Account: s.Account, Parameters: s.Values,
		Every: int64(s.Every / time.Second), State: string(s.State()), CreatedAt: s.CreatedAt,
		NextAt: timeOf(s.NextAt), Tasks: s.Number, Skipped: s.Skipped, Failures: s.Failures,
		LastAt: timeOf(s.LastAt), PausedAt: timeOf(s.PausedAt), Because: s.Pause.Code, Reason: s.Pause.Reason,
	}
	if out.Parameters == nil {
		out.Parameters = map[string][]string{}
	}
	if !s.LastTask.IsZero() {
		out.LastTask = s.LastTask.String()
	}
	return out
}

// timeOf gives nil for no time.
func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// subscribe registers an action that is to run again and again.
func (d *door) subscribe(c echo.Context) error {
	done, err := d.Desk.Subscribe(c.Request().Context(), web.Caller(c), d.Fields(c))
	if err != nil {
		return err
	}
	web.Note(c, "subscription_id", done.Subscription.ID)
	return c.JSON(http.StatusOK, struct {
		subscription
		Outcome tasks.SubscribeOutcome `json:"outcome"`
		Success bool                   `json:"success"`
	}{subscriptionOf(&done.Subscription), done.Outcome, true})
}

// unsubscribe ends subscriptions.
func (d *door) unsubscribe(c echo.Context) error {
	form, err := d.Form(c, "subscription_id", "service", "action", "account")
	filter, faults := subscriptionsOf(form, tasks.FaultsOf(err))
	if len(faults) > 0 {
		return faults.Err()
	}
	ended, err := d.Desk.Unsubscribe(c.Request().Context(), web.Caller(c), filter)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"ended": ended, "success": true})
}

// subscriptions pages through the caller's subscriptions, oldest first.
func (d *door) subscriptions(c echo.Context) error {
	form, err := d.Form(c, "subscription_id", "service", "action", "account", "state", "page_size", "page_token")
	filter, faults := subscriptionsOf(form, tasks.FaultsOf(err))
	if len(faults) > 0 {
		return faults.Err()
	}
	page, err := d.Desk.Subscriptions(c.Request().Context(), web.Caller(c), filter)
	if err != nil {
		return err
	}
	list := make([]subscription, len(page.Subscriptions))
	for i := range page.Subscriptions {
		list[i] = subscriptionOf(&page.Subscriptions[i])
	}
	next := ""
	if !page.Next.IsZero() {
		next = pageToken(page.Next)
	}
	return c.JSON(http.StatusOK, map[string]any{"subscriptions": list, "next_page_token": next, "success": true})
}

// subscriptionsOf reads which subscriptions are meant, and gives all faults.
func subscriptionsOf(form web.Form, faults tasks.Faults) (tasks.SubscriptionFilter, tasks.Faults) {
	f := tasks.SubscriptionFilter{Service: form.Get("service"), Action: form.Get("action"), Account: form.Get("account"), Limit: defaultPage}
	given := tasks.SplitList(form.All("subscription_id"))
	if len(given) > maxPage {
		faults = append(faults, &tasks.Error{Code: tasks.CodeLimit, Field: "subscription_id", Message: "Too many subscription ids, limit is 1000."})
		given = nil
	}
	for _, text := range given {
		id, err := tasks.ParseID(text)
		if err != nil {
			faults = append(faults, &tasks.Error{Code: tasks.CodeInvalid, Field: "subscription_id", Message: "Invalid subscription_id value: " + tasks.Clip(text, 64), Err: err})
		}
		f.IDs = append(f.IDs, id)
	}
	switch f.State = tasks.SubscriptionState(form.Get("state")); f.State {
	case "", tasks.SubscriptionActive, tasks.SubscriptionPaused:
	default:
		faults = append(faults, &tasks.Error{Code: tasks.CodeInvalidParameter, Field: "state", Message: "state must be active or paused."})
	}
	faults = append(faults, readPage(form, &f.Limit, &f.After)...)
	return f, faults
}

// readPage reads which page of a listing is asked for.
func readPage(form web.Form, limit *int, after *tasks.ID) tasks.Faults {
	var faults tasks.Faults
	if v := form.Get("page_size"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > maxPage {
			faults = append(faults, &tasks.Error{Code: tasks.CodeInvalidParameter, Field: "page_size", Message: "page_size must be a whole number from 1 to 1000.", Err: err})
		}
		*limit = n
	}
	if v := form.Get("page_token"); v != "" {
		id, err := base64.RawURLEncoding.DecodeString(v)
		if err != nil || len(id) != len(*after) {
			faults = append(faults, &tasks.Error{Code: tasks.CodeInvalidParameter, Field: "page_token", Message: "page_token is not one that an earlier page gave.", Err: err})
		}
		copy(after[:], id)
	}
	return faults
}
