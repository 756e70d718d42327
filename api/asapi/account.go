package asapi

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// discovery is the answer of GET /account/.
type discovery struct {
	Services  []service      `json:"services"`
	Accounts  []account      `json:"accounts"`
	Protocol  tasks.Protocol `json:"retrieval_protocol"`
	Submit    web.Endpoint   `json:"task_submission_endpoint"`
	Streams   []web.Endpoint `json:"stream_endpoints"`
	Stores    []web.Endpoint `json:"store_endpoints,omitempty"`
	Succeeded bool           `json:"success"`
}

type service struct {
	Name    string   `json:"name"`
	Slug    string   `json:"slug"`
	Actions []action `json:"actions"`
}

type action struct {
	Name        string              `json:"name"`
	Slug        string              `json:"slug"`
	Description string              `json:"description"`
	Execution   string              `json:"execution"`
	Parameters  []parameter         `json:"parameters"`
	Permissions map[string][]string `json:"permissions"`
	Recurring   bool                `json:"recurring,omitempty"` // it can be subscribed to
}

type parameter struct {
	Name        string     `json:"name"`
	Slug        string     `json:"slug"`
	Type        tasks.Type `json:"type"`
	Description string     `json:"description"`
	Optional    bool       `json:"optional"`
	Values      []string   `json:"values,omitempty"`
	Default     string     `json:"default,omitempty"`
}

type account struct {
	Service      string    `json:"service"`
	Username     string    `json:"username"`
	RegisteredAt time.Time `json:"registered_at"`
}

func (d *door) account(c echo.Context) error {
	found, err := d.Desk.Discover(c.Request().Context(), web.Caller(c))
	if err != nil {
		return err
	}
	r := c.Request()
	out := discovery{
		Services: make([]service, 0, len(found.Services)), Accounts: make([]account, 0, len(found.Accounts)),
		Protocol: found.Protocol, Submit: d.cfg.Public.Endpoint(r, submitPath), Streams: []web.Endpoint{}, Succeeded: true,
	}
	for _, s := range found.Services {
		out.Services = append(out.Services, serviceOf(s, found.Narrowed))
	}
	for _, a := range found.Accounts {
		out.Accounts = append(out.Accounts, account{a.Service, a.Username, a.RegisteredAt.UTC()})
	}
	if found.Protocol == tasks.ASChannel {
		out.Streams = append(out.Streams, d.cfg.Stream.Endpoint(r, streamPath))
	} else {
		out.Stores = append(out.Stores, d.cfg.Store.Endpoint(r, fetchPath))
	}
	return c.JSON(http.StatusOK, out)
}

func serviceOf(s tasks.Service, narrowed map[[2]string]map[string][]string) service {
	out := service{Name: s.Name, Slug: s.Slug, Actions: make([]action, 0, len(s.Actions))}
	for _, a := range s.Actions {
		one := action{
			Name: a.Name, Slug: a.Slug, Description: a.Description, Execution: "Asynchronous",
			Parameters: make([]parameter, 0, len(a.Parameters)), Permissions: narrowed[[2]string{s.Slug, a.Slug}],
			Recurring: a.Recurs,
		}
		if one.Permissions == nil {
			one.Permissions = map[string][]string{}
		}
		for _, p := range a.Parameters {
			one.Parameters = append(one.Parameters, parameter{p.Name, p.Slug, p.Type, p.Description, p.Optional, p.Values, p.Default})
		}
		out.Actions = append(out.Actions, one)
	}
	return out
}

func (d *door) register(c echo.Context) error {
	form, err := d.Form(c)
	if err != nil {
		return err
	}
	if err := d.Desk.Register(c.Request().Context(), web.Caller(c), form.Get("service"), form.Get("username")); err != nil {
		return err
	}
	return success(c)
}

func (d *door) deregister(c echo.Context) error {
	form, err := d.Form(c)
	if err != nil {
		return err
	}
	if err := d.Desk.Deregister(c.Request().Context(), web.Caller(c), form.Get("service"), form.Get("username"), form.Get("erase")); err != nil {
		return err
	}
	return success(c)
}
