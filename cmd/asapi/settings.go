package main

import (
	"io"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"asapi/internal/config"
	"asapi/tasks"
)

// logging says what is written to the standard error.
type logging struct {
	Format string `name:"log-format" help:"Form of the log: text or json." default:"text"`
	Level  string `name:"log-level" help:"Least level that is logged: debug, info, warn or error." default:"info"`
}

// logger makes the log of a server process.
func (l *logging) logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		return nil, configError("ASAPI_LOG_LEVEL", "(--log-level) is debug, info, warn or error, not %q", l.Level)
	}
	options := &slog.HandlerOptions{Level: level}
	switch l.Format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, configError("ASAPI_LOG_FORMAT", "(--log-format) is text or json, not %q", l.Format)
}

// postgres is where the truth is.
type postgres struct {
	DatabaseURL string `help:"PostgreSQL, as postgres://user:password@host/name." env:"DATABASE_URL" placeholder:"URL"`
}

// checkDatabase refuses what is not for several processes.
func (d *postgres) checkDatabase() (config.Database, error) {
	parsed, err := config.ParseDatabase(d.DatabaseURL)
	if err != nil {
		return parsed, &usageError{plain(err)}
	}
	if parsed.Dialect == config.SQLite {
		return parsed, configError("DATABASE_URL", "names an SQLite file, which is for asapi dev only; several processes need PostgreSQL (postgres://)")
	}
	return parsed, nil
}

// backends is where a server process of a larger installation finds its data.
type backends struct {
	postgres
	RedisURL   string `help:"Redis, as redis://host:6379/0; also rediss://, redis+sentinel:// and redis+cluster://." env:"REDIS_URL" placeholder:"URL"`
	BlobURL    string `help:"Large inputs and results: s3://, gs:// or azblob://, or file:///folder that all processes share." env:"BLOB_URL" default:"file://./data/blobs"`
	Committers int    `help:"Commits of submissions on their way at once; a second one pays where the disk is slow." default:"2"`
	SecretKey  string `help:"Key that secrets are encrypted with; make one with: openssl rand -base64 32." env:"SECRET_KEY" placeholder:"KEY"`
}

// settings are checked backends.
type settings struct {
	databaseURL, blobURL, secretKey string
	committers                      int
	redis                           config.Redis
}

func (b *backends) settings() (settings, error) {
	parsed, err := b.checkDatabase()
	if err != nil {
		return settings{}, err
	}
	s := settings{databaseURL: parsed.URL, blobURL: b.BlobURL, secretKey: b.SecretKey, committers: b.Committers}
	if b.Committers <= 0 || b.Committers > 64 {
		return s, configError("ASAPI_COMMITTERS", "(--committers) must be from 1 to 64")
	}
	if s.redis, err = config.ParseRedis(b.RedisURL); err != nil {
		return s, &usageError{plain(err)}
	}
	if strings.TrimSpace(b.SecretKey) == "" {
		return s, configError("SECRET_KEY", "is not set; make one with: openssl rand -base64 32")
	}
	return s, nil
}

// doors say where clients reach the API.
type doors struct {
	PublicURL string `help:"Address of the API as clients see it; default: the one that a request came to." env:"PUBLIC_URL" placeholder:"URL"`
	StreamURL string `help:"Address of streams as clients see it; default: PUBLIC_URL." env:"STREAM_URL" placeholder:"URL"`
	StoreURL  string `help:"Address of the result store as clients see it; default: PUBLIC_URL." env:"STORE_URL" placeholder:"URL"`

	UploadBytes int64   `help:"Largest file of a submission, in bytes." default:"268435456"`
	Watchers    int     `help:"Watchers of one client that may be open at once, in each process." default:"10000"`
	OpenTasks   int64   `help:"Tasks of one client that may be open at once; a token's own limit goes before it." default:"1000000"`
	Subscribed  int64   `name:"subscriptions" help:"Subscriptions that one client may have." default:"10000"`
	Submits     float64 `name:"submits-per-second" help:"Submissions of one client a second; 0: no limit. A token's own limit goes before it." default:"0"`

	AccessTokenTime time.Duration `help:"How long access tokens last that are got at /o/oauth2/token." default:"1h"`
	TokenAudiences  []string      `help:"Audiences that assertions of service accounts may be for, besides this server's token endpoint; separated by commas." default:"https://oauth2.googleapis.com/token"`

	ZerotouchQueries int64 `help:"Requests of one client to the zero-touch API in 100 seconds; 0: no limit." default:"1000"`

	Console bool `help:"Serve the page for people at /console." default:"true" negatable:""`

	WriteTimeout time.Duration `help:"How long a client may leave a part of its answer untaken before it is cut off." default:"1m"`
}

// checkDoors finds wrong addresses and limits before anything is opened.
func (d *doors) checkDoors() error {
	for variable, value := range map[string]string{"PUBLIC_URL": d.PublicURL, "STREAM_URL": d.StreamURL, "STORE_URL": d.StoreURL} {
		if value == "" {
			continue
		}
		if _, err := config.ParseBase(variable, value); err != nil {
			return &usageError{plain(err)}
		}
	}
	switch {
	case d.UploadBytes <= 0:
		return configError("ASAPI_UPLOAD_BYTES", "(--upload-bytes) must be above 0")
	case d.Watchers <= 0:
		return configError("ASAPI_WATCHERS", "(--watchers) must be above 0")
	case d.OpenTasks <= 0:
		return configError("ASAPI_OPEN_TASKS", "(--open-tasks) must be above 0")
	case d.Subscribed <= 0:
		return configError("ASAPI_SUBSCRIPTIONS", "(--subscriptions) must be above 0")
	case !(d.Submits >= 0):
		return configError("ASAPI_SUBMITS_PER_SECOND", "(--submits-per-second) must be 0 or above")
	case d.AccessTokenTime < time.Second || d.AccessTokenTime > 24*time.Hour:
		return configError("ASAPI_ACCESS_TOKEN_TIME", "(--access-token-time) must be from 1s to 24h")
	case d.ZerotouchQueries < 0:
		return configError("ASAPI_ZEROTOUCH_QUERIES", "(--zerotouch-queries) must be 0 or above")
	case d.WriteTimeout <= 0:
		return configError("ASAPI_WRITE_TIMEOUT", "(--write-timeout) must be above 0")
	}
	return nil
}

func (d *doors) limits() tasks.DeskLimits {
	return tasks.DeskLimits{UploadBytes: d.UploadBytes, SubmitsPerSecond: d.Submits, OpenTasks: d.OpenTasks, Watchers: d.Watchers, Subscriptions: d.Subscribed}
}

// localDirectory gives the folder that a BLOB_URL names; empty: it names none.
func localDirectory(blobURL string) string {
	u, err := url.Parse(blobURL)
	if err != nil || u.Scheme != "file" {
		return ""
	}
	if u.Host == "." {
		return "." + u.Path
	}
	return u.Path
}
