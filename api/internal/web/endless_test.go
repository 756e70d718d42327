package web_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

type run func(ctx context.Context, w http.ResponseWriter) error

// endless serves an endless answer. Its end waits for the answer's.
func endless(t *testing.T, run run) (address string, closing context.CancelFunc) {
	t.Helper()
	s := &web.Shared{Log: slog.New(slog.DiscardHandler), Limits: web.Limits{}.WithDefaults()}
	e := echo.New()
	e.HTTPErrorHandler = s.ErrorHandler
	e.Use(s.Logged)
	e.GET("/", func(c echo.Context) error { return s.Endless(c, run) })
	ctx, closing := context.WithCancel(context.WithoutCancel(t.Context()))
	open := web.NewOpen(ctx)
	srv := httptest.NewUnstartedServer(e)
	srv.Config.BaseContext = func(net.Listener) context.Context { return web.WithOpen(context.WithoutCancel(ctx), open) }
	srv.Start()
	t.Cleanup(func() {
		closing()
		srv.Close()
		open.Wait(context.WithoutCancel(ctx))
	})
	return srv.Listener.Addr().String(), closing
}

// ask sends a request line and gives the answer as it came.
func ask(t *testing.T, address, line string) []byte {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, line+"\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var large = bytes.Repeat([]byte("large "), 50_000)

func some(_ context.Context, w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "text/x-some")
	for _, part := range [][]byte{[]byte("first,"), nil, large, []byte("then,"), large} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return http.NewResponseController(w).Flush()
}

func TestAnEndlessAnswerComesWhole(t *testing.T) {
	address, _ := endless(t, some)
	want := "first," + string(large) + "then," + string(large)
	for _, version := range []string{"HTTP/1.1", "HTTP/1.0"} {
		answer := ask(t, address, "GET / "+version)
		resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || string(body) != want {
			t.Errorf("%s: %d bytes came: %v", version, len(body), err)
		}
		chunked := version == "HTTP/1.1"
		if got := len(resp.TransferEncoding) == 1; got != chunked || !resp.Close || resp.Header.Get("Content-Type") != "text/x-some" || resp.Header.Get("X-Request-Id") == "" {
			t.Errorf("%s: the header is %v, %v", version, resp.Header, resp.TransferEncoding)
		}
	}
}

func TestAnEndlessAnswerThatCannotBeginIsAnError(t *testing.T) {
	address, _ := endless(t, func(_ context.Context, w http.ResponseWriter) error {
		w.Header().Set("Content-Type", "text/x-some")
		return &tasks.Error{Code: tasks.CodeUnavailable, Message: "Not now."}
	})
	answer := string(ask(t, address, "GET / HTTP/1.0"))
	if !strings.Contains(answer, " 503 ") || !strings.Contains(answer, "Not now.") || strings.Contains(answer, "text/x-some") {
		t.Errorf("the answer is %s", answer)
	}
}

func TestAnEndlessAnswerThatBreaksDoesNotLookWhole(t *testing.T) {
	address, _ := endless(t, func(_ context.Context, w http.ResponseWriter) error {
		if _, err := io.WriteString(w, "half"); err != nil {
			return err
		}
		panic("broken")
	})
	answer := string(ask(t, address, "GET / HTTP/1.1"))
	if !strings.HasSuffix(answer, "4\r\nhalf\r\n") {
		t.Errorf("the answer ends with %q", answer[max(0, len(answer)-20):])
	}
}

func TestAnEndlessAnswerEndsWhenItsClientHangsUpOrTheServerCloses(t *testing.T) {
	causes := make(chan error, 1)
	address, closing := endless(t, func(ctx context.Context, w http.ResponseWriter) error {
		if _, err := io.WriteString(w, "begun"); err != nil {
			return err
		}
		<-ctx.Done()
		causes <- context.Cause(ctx)
		return nil
	})
	open := func() net.Conn {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\nmore that nobody asked for")
		}
		if err == nil {
			_, err = bufio.NewReader(conn).ReadString('b')
		}
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	_ = open().Close()
	if cause := <-causes; cause == nil || errors.Is(cause, tasks.ErrShuttingDown) {
		t.Errorf("hanging up ended it with %v", cause)
	}
	conn := open()
	defer func() { _ = conn.Close() }()
	closing()
	if cause := <-causes; !errors.Is(cause, tasks.ErrShuttingDown) {
		t.Errorf("closing ended it with %v", cause)
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(conn); err != nil || !strings.HasSuffix(string(rest), "0\r\n\r\n") {
		t.Errorf("the answer ends with %q: %v", rest, err)
	}
}

func TestAnEndlessAnswerIsWrittenInPlaceWhereTheConnectionCannotBeTaken(t *testing.T) {
	s := &web.Shared{Log: slog.New(slog.DiscardHandler), Limits: web.Limits{}.WithDefaults()}
	rec := httptest.NewRecorder()
	c := echo.New().NewContext(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody), rec)
	if err := s.Endless(c, some); err != nil {
		t.Fatal(err)
	}
	if rec.Body.Len() != len("first,then,")+2*len(large) || rec.Header().Get("Content-Type") != "text/x-some" {
		t.Errorf("%d bytes came, header %v", rec.Body.Len(), rec.Header())
	}
}
