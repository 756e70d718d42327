package testserver

import (
	"context"
	"syscall"
	"testing"
)

// server is what a test does to a PostgreSQL or a Redis. A method that cannot do
// its work fails the test.
type server struct {
	proc       *process
	tb         testing.TB
	stopSignal syscall.Signal
}

// own starts the server and binds it to the test.
func (s *server) own(tb testing.TB) {
	tb.Helper()
	s.tb = tb
	tb.Cleanup(func() {
		if err := s.proc.end(syscall.SIGKILL); err != nil {
			tb.Error(err)
		}
		if err := s.proc.remove(); err != nil {
			tb.Error(err)
		}
	})
	s.Start()
}

func (s *server) check(err error) {
	s.tb.Helper()
	if err != nil {
		s.tb.Error(err)
		s.tb.FailNow()
	}
}

// Start starts the server on its port and data and waits until it answers; it
// does nothing while the server runs.
func (s *server) Start() {
	s.tb.Helper()
	s.check(s.proc.start(context.WithoutCancel(s.tb.Context())))
}

// Stop ends the server in order and waits for its end.
func (s *server) Stop() {
	s.tb.Helper()
	s.check(s.proc.end(s.stopSignal))
}

// Kill ends the server with kill -9 and waits for its end.
func (s *server) Kill() {
	s.tb.Helper()
	s.check(s.proc.end(syscall.SIGKILL))
}

// Restart stops the server if it runs and starts it on the same port and data.
func (s *server) Restart() {
	s.tb.Helper()
	s.Stop()
	s.Start()
}

// Pause freezes the server (SIGSTOP): it keeps its connections and answers
// nothing. It stands still when Pause returns.
func (s *server) Pause() {
	s.tb.Helper()
	s.check(s.proc.freeze())
}

// Resume ends a Pause (SIGCONT).
func (s *server) Resume() {
	s.tb.Helper()
	s.check(s.proc.thaw())
}
