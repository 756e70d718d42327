package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"asapi/internal/testserver"

	"github.com/alecthomas/kong"
)

// environment clears what the machine may have set.
func environment(t *testing.T, set map[string]string) {
	t.Helper()
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch name {
		case "DATABASE_URL", "REDIS_URL", "BLOB_URL", "SECRET_KEY", "LISTEN", "PORT", "PUBLIC_URL", "STREAM_URL", "STORE_URL", "WEBHOOK_ALLOW_PRIVATE":
			t.Setenv(name, "")
		default:
			if strings.HasPrefix(name, "ASAPI_") {
				t.Setenv(name, "")
			}
		}
	}
	for name, value := range set {
		t.Setenv(name, value)
	}
}

func TestEveryFlagHasAVariableAndTheServersAreDocumented(t *testing.T) {
	documented, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	parser, err := kong.New(&cli{}, kong.DefaultEnvars("ASAPI"), kong.Vars{"version": ""})
	if err != nil {
		t.Fatal(err)
	}
	err = kong.Visit(parser.Model.Node, func(node kong.Visitable, next kong.Next) error {
		flag, ok := node.(*kong.Flag)
		if !ok || flag.Name == "help" || flag.Name == "version" {
			return next(nil)
		}
		if len(flag.Envs) == 0 {
			t.Errorf("--%s has no variable", flag.Name)
		}
		return next(nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range parser.Model.Children {
		if command.Group == nil || command.Group.Key != "server" {
			continue
		}
		for _, flag := range command.Flags {
			for _, variable := range flag.Envs {
				if !bytes.Contains(documented, []byte("`"+variable+"`")) {
					t.Errorf("docs/configuration.md does not name %s of asapi %s", variable, command.Name)
				}
			}
		}
	}
}

func TestWrongConfigurationStopsWithASentenceThatNamesTheVariable(t *testing.T) {
	const postgres, redis, key = "postgres://127.0.0.1:1/x", "redis://127.0.0.1:1/0", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	full := func(name, value string) map[string]string {
		m := map[string]string{"DATABASE_URL": postgres, "REDIS_URL": redis, "SECRET_KEY": key, "BLOB_URL": "mem://"}
		m[name] = value
		return m
	}
	for _, c := range []struct {
		args     string
		env      map[string]string
		variable string
	}{
		{"serve", nil, "DATABASE_URL"},
		{"work", nil, "DATABASE_URL"},
		{"migrate", nil, "DATABASE_URL"},
		{"client list", nil, "DATABASE_URL"},
		{"serve", full("DATABASE_URL", "sqlite:x"), "DATABASE_URL"},
		{"work", full("DATABASE_URL", "sqlite:x"), "DATABASE_URL"},
		{"migrate", full("DATABASE_URL", "sqlite:x"), "DATABASE_URL"},
		{"serve", full("DATABASE_URL", "mysql://x"), "DATABASE_URL"},
		{"serve", full("REDIS_URL", ""), "REDIS_URL"},
		{"work", full("REDIS_URL", ""), "REDIS_URL"},
		{"work", full("REDIS_URL", "http://x"), "REDIS_URL"},
		{"serve", full("SECRET_KEY", ""), "SECRET_KEY"},
		{"work", full("SECRET_KEY", ""), "SECRET_KEY"},
		{"work", full("SECRET_KEY", "short"), "SECRET_KEY"},
		{"serve", full("BLOB_URL", "ftp://x"), "BLOB_URL"},
		{"serve", full("PUBLIC_URL", "example.com"), "PUBLIC_URL"},
		{"serve", full("STREAM_URL", "ftp://example.com"), "STREAM_URL"},
		{"serve", full("ASAPI_OPEN_TASKS", "0"), "ASAPI_OPEN_TASKS"},
		{"serve", full("ASAPI_UPLOAD_BYTES", "x"), "ASAPI_UPLOAD_BYTES"},
		{"serve", full("ASAPI_LOG_LEVEL", "loud"), "ASAPI_LOG_LEVEL"},
		{"work", full("ASAPI_LOG_FORMAT", "xml"), "ASAPI_LOG_FORMAT"},
		{"work", full("ASAPI_CONCURRENCY", "0"), "ASAPI_CONCURRENCY"},
		{"serve", full("TLS_LISTEN", "127.0.0.1:0"), "TLS_LISTEN"},
		{"serve", full("TLS_CERT", "cert.pem"), "TLS_CERT"},
		{"serve", full("GRPC_LISTEN", "9000"), "GRPC_LISTEN"},
		{"dev --data " + t.TempDir(), map[string]string{"TLS_LISTEN": "8443"}, "TLS_LISTEN"},
		{"dev --data " + t.TempDir(), map[string]string{"LISTEN": "8080"}, "LISTEN"},
		{"dev --data " + t.TempDir(), map[string]string{"PORT": "http"}, "PORT"},
	} {
		t.Run(c.args+" "+c.variable, func(t *testing.T) {
			environment(t, c.env)
			err := run(t.Context(), strings.Fields(c.args), io.Discard, io.Discard)
			if err == nil {
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), c.variable) || strings.Contains(err.Error(), "\n") {
				t.Errorf("it said: %v", err)
			}
			if code := exitCode(err); code != exitUsage {
				t.Errorf("the exit code is %d", code)
			}
		})
	}
}

func TestHelpIsNoError(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"submit", "--help"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "ASAPI_TOKEN") {
		t.Errorf("it printed %q", out.String())
	}
	if err := run(t.Context(), []string{"frobnicate"}, io.Discard, io.Discard); exitCode(err) != exitUsage {
		t.Errorf("an unknown command: %v", err)
	}
}

// TestADatabaseThatWasNotMigratedStopsEverybody who would work on it, with what to do.
func TestADatabaseThatWasNotMigratedStopsEverybody(t *testing.T) {
	environment(t, map[string]string{
		"DATABASE_URL": testserver.Postgres(t), "REDIS_URL": "redis://127.0.0.1:1/0", "SECRET_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "BLOB_URL": "mem://",
	})
	for _, args := range []string{"serve", "work", "client list"} {
		err := run(t.Context(), strings.Fields(args), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "DATABASE_URL") || !strings.Contains(err.Error(), "run asapi migrate") {
			t.Errorf("%s: %v", args, err)
		}
	}
}
