package web_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"asapi/api/internal/web"
	"asapi/tasks"
)

func TestFaultsShareTheirStatusOrAreABadRequestUnlessTheServerIsAtFault(t *testing.T) {
	fault := func(codes ...tasks.Code) (list tasks.Faults) {
		for _, c := range codes {
			list = append(list, &tasks.Error{Code: c})
		}
		return list
	}
	for _, c := range []struct {
		faults tasks.Faults
		want   int
	}{
		{fault(tasks.CodeInvalid), 400},
		{fault(tasks.CodeNotPermitted), 403},
		{fault(tasks.CodeNotPermitted, tasks.CodeNotPermitted), 403},
		{fault(tasks.CodeNotPermitted, tasks.CodeInvalid), 400},
		{fault(tasks.CodeInvalid, tasks.CodeInternal), 500},
		{fault(tasks.CodeUnavailable, tasks.CodeInvalid), 503},
		{fault("never heard of"), 500},
	} {
		if got := web.StatusOf(c.faults); got != c.want {
			t.Errorf("%v: got %d, want %d", c.faults, got, c.want)
		}
	}
}

func TestAProblemNeverShowsACause(t *testing.T) {
	for _, err := range []error{
		errors.New("SELECT secrets FROM /var/lib"),
		&tasks.Error{Code: tasks.CodeInternal, Message: "SELECT", Err: errors.New("secrets")},
		&tasks.Error{Code: "odd", Message: "SELECT secrets"},
		&tasks.Error{Code: tasks.CodeUnavailable, Message: "Try again.", Err: errors.New("SELECT secrets")},
	} {
		p := web.ProblemOf(err)
		text, jsonErr := p.MarshalJSON()
		if jsonErr != nil || strings.Contains(string(text), "SELECT") || strings.Contains(string(text), "secrets") || p.Status < http.StatusInternalServerError {
			t.Errorf("%d %s %v", p.Status, text, jsonErr)
		}
	}
}
