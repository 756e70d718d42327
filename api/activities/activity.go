package activities

import (
	"encoding/xml"
	"time"

	"asapi/tasks"
)

// activity is an activity on the wire, in JSON and in XML.
type activity struct {
	XMLName     xml.Name    `json:"-" xml:"Activity"`
	UUID        string      `json:"uuid" xml:"uuid,attr"`
	Type        string      `json:"type" xml:"type,attr"`
	Cancellable flag        `json:"cancellable" xml:"cancellable,attr"`
	UserID      int64       `json:"userID" xml:"userID,attr"`
	Title       string      `json:"title" xml:"title,attr"`
	Subtitle    string      `json:"subtitle" xml:"subtitle,attr"`
	Progress    int         `json:"progress" xml:"progress,attr"`
	Context     particulars `json:"Context" xml:"Context"`
	Response    *response   `json:"Response,omitempty" xml:"Response,omitempty"`
}

// flag is a boolean that is 1 or 0 in XML.
type flag bool

// MarshalXMLAttr implements xml.MarshalerAttr.
func (f flag) MarshalXMLAttr(name xml.Name) (xml.Attr, error) {
	value := "0"
	if f {
		value = "1"
	}
	return xml.Attr{Name: name, Value: value}, nil
}

// particulars say what an activity works on. Every one is a string: older clients
// fail on anything else.
type particulars struct {
	TaskID    string `json:"task_id" xml:"task_id,attr"`
	Service   string `json:"service" xml:"service,attr"`
	Action    string `json:"action" xml:"action,attr"`
	Account   string `json:"account" xml:"account,attr"`
	Parent    string `json:"parent" xml:"parent,attr"`
	State     string `json:"state" xml:"state,attr"`
	CreatedAt string `json:"created_at,omitempty" xml:"created_at,attr,omitempty"`
	StartedAt string `json:"started_at,omitempty" xml:"started_at,attr,omitempty"`
	EndedAt   string `json:"ended_at,omitempty" xml:"ended_at,attr,omitempty"`
}

// response says how an activity ended.
type response struct {
	Status      string `json:"status" xml:"status,attr"`
	Success     flag   `json:"success" xml:"success,attr"`
	ErrorCode   string `json:"error_code,omitempty" xml:"error_code,attr,omitempty"`
	ErrorDetail string `json:"error_detail,omitempty" xml:"error_detail,attr,omitempty"`
	Total       int64  `json:"total" xml:"total,attr"`
	Succeeded   int64  `json:"succeeded" xml:"succeeded,attr"`
	Failed      int64  `json:"failed" xml:"failed,attr"`
}

func activityOf(a tasks.Activity) activity {
	t := &a.Task
	out := activity{
		UUID: t.ID.String(), Type: a.Type, Cancellable: flag(a.Cancellable), UserID: int64(t.Client),
		Title: a.Title, Subtitle: a.Subtitle, Progress: a.Progress,
		Context: particulars{
			TaskID: t.ID.String(), Service: t.Service, Action: t.Action, Account: t.Account, Parent: "users/" + t.Account,
			State: t.State.String(), CreatedAt: timeText(t.CreatedAt), StartedAt: timeText(t.StartedAt), EndedAt: timeText(t.EndedAt),
		},
	}
	if t.State.Ended() {
		out.Response = &response{
			Status: t.State.Sentence(), Success: flag(t.State.Success()), ErrorCode: string(t.ErrorCode), ErrorDetail: t.ErrorDetail,
			Total: t.Items.Total, Succeeded: t.Items.Succeeded(), Failed: t.Items.Failed,
		}
	}
	return out
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
