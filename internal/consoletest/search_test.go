package consoletest_test

import (
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestTasksAreFoundByIDStatusActionAndTimeAndComeInPages(t *testing.T) {
	s := started(t)
	token := s.token(t, "search")
	var last string
	for range 30 {
		last = s.submit(t, token, "noop")
	}
	failed := s.submit(t, token, "pause", "milliseconds", "0", "_delay", "3600")
	s.ended(t, token, last)
	p := open(t, s, "phone-light")
	p.signIn(token)
	p.click("nav a[data-path=tasks]")
	found := func(n int) {
		t.Helper()
		p.await("document.querySelectorAll('.list .card').length === " + strconv.Itoa(n))
	}
	found(25)
	p.click("main > button")
	found(31)
	search := func(field, value string) {
		t.Helper()
		p.do(chromedp.SendKeys(chromedp.CSS(".search [name="+field+"]"), value), chromedp.Click(chromedp.CSS(".search button")))
		p.await("location.hash.includes('" + field + "=')")
	}
	search("id", failed[:23])
	found(1)
	p.click(".search a")
	found(25)
	search("state", "Waiting")
	found(1)
	p.click(".search a")
	found(25)
	search("action", "Bench: Pause")
	found(1)
	p.check("tasks-found")
	p.click(".list a")
	p.awaitText(failed)
	p.do(chromedp.KeyEvent("\u001b"))
	p.await("location.hash.includes('action=')")
	found(1)
	p.click(".search a")
	found(25)
	eval[string](p, "document.querySelector('[name=until]').value = '2020-01-01T00:00'")
	p.click(".search button")
	p.awaitText("No task matches.")
	p.check("tasks-none")
	p.click(".search a")
	found(25)
	search("id", "zz")
	p.awaitText("id must be a task id or its beginning")
}
