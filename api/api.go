package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"asapi/api/activities"
	"asapi/api/asapi"
	"asapi/api/connect"
	"asapi/api/console"
	"asapi/api/internal/web"
	"asapi/api/oauth"
	"asapi/api/tracker"
	"asapi/api/zerotouch"
	"asapi/tasks"
	trackers "asapi/tasks/tracker"
	devices "asapi/tasks/zerotouch"
)

// Config is what the HTTP surface works with.
type Config struct {
	Desk *tasks.Desk
	Log  *slog.Logger // nil: slog.Default()
	// PublicURL, StreamURL and StoreURL are the public base URLs that
	// discovery and answers name. StreamURL and StoreURL default to
	// PublicURL, and PublicURL to the host a request came to.
	PublicURL, StreamURL, StoreURL string
	Limits                         Limits
	// Ready says for each dependency what is wrong with it, nil for those
	// that work; it must heed its context. nil: there are none.
	Ready func(ctx context.Context) map[string]error
	// Metrics answers /metrics; nil: there is nothing there.
	Metrics http.Handler
	// Observe takes the duration of every answered request; nil: nobody
	// measures. route is the pattern of the path, never the path itself.
	Observe func(method, route string, status int, d time.Duration)
	// Console adds the page at /console.
	Console bool
	// Trackers adds the door for tracker clients; nil: there is none.
	Trackers *trackers.Library
	// Connections adds the door for users who sign in at their providers; nil:
	// there is none.
	Connections *trackers.Connections
	// Zerotouch adds the door for resellers; nil: there is none.
	Zerotouch *Zerotouch
}

// Zerotouch is what the door for resellers works with.
type Zerotouch struct {
	Registry *devices.Registry
	// BatchBytes is the most that the request of a batch may hold.
	BatchBytes int64
	// Quota counts the requests of a client, of which it may make Queries in 100
	// seconds; 0: as many as it likes.
	Quota   tasks.Quota
	Queries int64
}

// Limits bound what one request may hold; zero values take the defaults.
type Limits = web.Limits

// New makes the handler of all doors. It fails, with the name of the setting,
// on a base URL that is none.
func New(cfg Config) (http.Handler, error) {
	door := asapi.Config{Shared: cfg.shared()}
	for _, base := range []struct {
		name, url string
		to        **web.Base
	}{{"PUBLIC_URL", cfg.PublicURL, &door.Public}, {"STREAM_URL", cfg.StreamURL, &door.Stream}, {"STORE_URL", cfg.StoreURL, &door.Store}} {
		var err error
		if *base.to, err = web.ParseBase(base.name, base.url); err != nil {
			return nil, err
		}
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = door.Shared.ErrorHandler
	e.Use(door.Shared.Logged)
	mountHealth(e, cfg)
	asapi.Mount(e, door)
	activities.Mount(e, door.Shared)
	oauth.Mount(e, door.Shared, door.Public)
	if cfg.Connections != nil {
		connect.Mount(e, door.Shared, door.Public, cfg.Connections)
	}
	if cfg.Trackers != nil {
		tracker.Mount(e, tracker.Config{Shared: door.Shared, Library: cfg.Trackers})
	}
	if z := cfg.Zerotouch; z != nil {
		zerotouch.Mount(e, zerotouch.Config{
			Shared: door.Shared, Registry: z.Registry, Batches: devices.NewBatches(z.Registry, cfg.Desk),
			BatchBytes: z.BatchBytes, Quota: z.Quota, Queries: z.Queries,
		})
	}
	if cfg.Console {
		if err := console.Mount(e, door.Shared); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// NewGRPC makes the doors that speak gRPC. Each listener takes one of its own.
func NewGRPC(cfg Config) *GRPC {
	return tracker.NewServer(tracker.Config{Shared: cfg.shared(), Library: cfg.Trackers})
}

// shared is what every door gets.
func (c Config) shared() *web.Shared {
	log := c.Log
	if log == nil {
		log = slog.Default()
	}
	return &web.Shared{Desk: c.Desk, Log: log, Observe: c.Observe, Limits: c.Limits.WithDefaults()}
}
