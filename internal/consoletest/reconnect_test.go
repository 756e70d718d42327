package consoletest_test

import (
	"syscall"
	"testing"
)

// TestThePageCatchesUpWhenTheServerComesBack: the server is killed under the
// page and started again; what happened meanwhile is shown without a reload.
func TestThePageCatchesUpWhenTheServerComesBack(t *testing.T) {
	s := own(t)
	token := s.token(t, "reconnect")
	p := open(t, s, "desktop-light")
	p.signIn(token)
	s.submit(t, token, "pause", "milliseconds", "3600000")
	p.click("nav a[data-path=activities]")
	p.see(".activity progress")
	s.stop(syscall.SIGKILL)
	p.awaitText("Reconnecting")
	p.check("reconnecting")
	s.start(t)
	quick := s.submit(t, token, "noop")
	s.ended(t, token, quick)
	p.awaitText("Live")
	p.await("document.querySelector('.activity[data-uuid]') && [...document.querySelectorAll('.activity')].some((a) => a.innerText.includes('Running'))")
	p.await("[...document.querySelectorAll('.activity')].some((a) => a.innerText.includes('No-op') && a.innerText.includes('Done'))")
	p.click(".activity button")
	p.awaitText("Cancelled")
}
