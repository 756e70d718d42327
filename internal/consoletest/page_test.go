package consoletest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestThePageWorksBelowAProxysPrefix(t *testing.T) {
	s := started(t)
	front := prefixed(t, s, "/some/where")
	token := s.token(t, "prefix")
	for _, path := range []string{"/console", "/console/"} {
		p := openAt(t, front+"/some/where"+path, "desktop-light")
		p.signIn(token)
		p.see("form button.main")
	}
}

// TestAPictureIsShownAndCanBeSaved: the script in the picture must not run.
func TestAPictureIsShownAndCanBeSaved(t *testing.T) {
	const picture = `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><script>parent.ran = ran = true</script><rect width="80" height="40" fill="teal"/></svg>`
	s := started(t)
	token := s.token(t, "picture")
	id := s.submit(t, token, "noop")
	s.ended(t, token, id)
	front := staged(t, s, map[string]http.HandlerFunc{"/fetch/": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		w.Header().Set("Content-Length", strconv.Itoa(len(picture)))
		w.Header().Set("Content-Disposition", `attachment; filename="histogram.svg"`)
		_, _ = io.WriteString(w, picture) // a browser that is gone fails elsewhere
	}})
	p := openAt(t, front+"/console", "desktop-light")
	p.signIn(token)
	p.goTo("#/tasks/" + id)
	p.awaitText("histogram.svg, " + strconv.Itoa(len(picture)) + " bytes, image/svg+xml.")
	p.awaitText("Show the picture")
	p.click("#download")
	p.await("document.querySelector('figure img')?.naturalWidth === 80")
	p.check("picture")
	if from := eval[string](p, "document.querySelector('figure img').src"); !strings.HasPrefix(from, "blob:") {
		t.Errorf("the picture comes from %s", from)
	}
	if eval[bool](p, "'ran' in window") {
		t.Error("a script in the picture ran")
	}
}

// TestNamesOfAnyLengthStayOnTheScreen: a client's has up to 100 bytes, an account's
// 255, and neither need have a place to break at.
func TestNamesOfAnyLengthStayOnTheScreen(t *testing.T) {
	s := started(t)
	token := s.token(t, strings.Repeat("n", 95)) // and a number
	account := strings.Repeat("a", 255)
	s.post(t, token, "/register-account/", url.Values{"service": {"bench"}, "username": {account}})
	id := s.submit(t, token, "noop", "account", account, "_delay", "3600")
	for _, name := range []string{"phone-light", "desktop-dark"} {
		p := open(t, s, name)
		p.signIn(token)
		for view, shows := range map[string]string{"activities": account, "tasks": account, "tasks/" + id: account, "load": "minute by minute"} {
			p.goTo("#/" + view)
			p.awaitText(shows)
			if wide := eval[int64](p, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
				p.shot("long-" + strings.ReplaceAll(view, "/", "-"))
				t.Errorf("%s, %s: the page is %d pixels wider than the screen", view, name, wide)
			}
		}
	}
}

func TestATokenForTheStreamIsToldWhereResultsGo(t *testing.T) {
	s := started(t)
	token := s.token(t, "streaming", "--protocol", "aschannel")
	id := s.submit(t, token, "noop")
	s.ended(t, token, id)
	p := open(t, s, "desktop-light")
	p.signIn(token)
	p.awaitText("The result goes to the stream of this token")
	p.goTo("#/tasks/" + id)
	p.awaitText("The result is a message on the stream")
	if eval[bool](p, "Boolean(document.querySelector('#download'))") {
		t.Error("a download is offered")
	}
}

func TestAnAdministratorSeesAndCancelsTheActivitiesOfOthers(t *testing.T) {
	s := started(t)
	others := s.token(t, "watched")
	token := s.token(t, "watcher", "--protocol", "asstore", "--admin")
	id := s.submit(t, others, "pause", "milliseconds", "3600000")
	p := open(t, s, "desktop-light")
	p.signIn(token)
	p.awaitText(", administrator")
	p.click("nav a[data-path=activities]")
	row := ".activity[data-uuid='" + id + "']"
	p.see(row + " progress")
	p.click(row + " a")
	p.awaitText(id)
	p.click("main .card button")
	p.awaitText("The task belongs to another client")
	p.click("nav a[data-path=load]")
	p.awaitText("All clients together")
}

// TestWhatEndedLastIsRememberedLongest: the page keeps few of those that ended, and
// the one that ends last is not the one it forgets, however early it began.
func TestWhatEndedLastIsRememberedLongest(t *testing.T) {
	s := started(t)
	token := s.token(t, "remembering")
	id := s.submit(t, token, "pause", "milliseconds", "3600000")
	p := open(t, s, "desktop-light")
	p.signIn(token)
	p.click("nav a[data-path=activities]")
	p.see(".activity[data-uuid='" + id + "'] progress")
	const kept = 30 // by the page
	for range kept + 2 {
		other := s.submit(t, token, "noop")
		// One that the page learns of only later would be the last.
		p.await("document.querySelectorAll('section')[1].querySelector('.activity')?.dataset.uuid === '" + other + "'")
	}
	p.await(fmt.Sprintf("document.querySelectorAll('.activity').length === %d", kept+1))
	p.click(".activity[data-uuid='" + id + "'] button")
	p.awaitText("Cancelled")
	if first := eval[string](p, "document.querySelector('.activity').dataset.uuid"); first != id {
		t.Errorf("%s ended last, %s is shown as the last", id, first)
	}
}

func TestARevokedTokenIsSignedOutWithASentence(t *testing.T) {
	s := started(t)
	token := s.token(t, "revoked")
	p := open(t, s, "phone-dark")
	p.signIn(token)
	s.run(t, "token", "revoke", token)
	p.see("#token")
	p.awaitText("Sign in again.")
	p.check("signed-out")
}

// TestTheKeyboardIsEnough signs in, starts a task and stops it with nothing but
// keys, and looks where the focus is.
func TestTheKeyboardIsEnough(t *testing.T) {
	s := started(t)
	token := s.token(t, "keyboard")
	p := open(t, s, "desktop-dark")
	p.signIn(token)
	p.do(chromedp.Reload())
	p.awaitText("Live")
	p.keys("\t\r") // the first thing in the page leads past the navigation
	p.focused("main")
	for p.focus() != "Pause" {
		p.keys("\t")
	}
	p.keys("\r")
	p.await("location.hash === '#/start/bench/pause'")
	p.focused("h1")
	for !strings.HasPrefix(p.focus(), "Account") {
		p.keys("\t")
	}
	p.keys("carol\t3600000\r")
	p.await("location.hash.startsWith('#/tasks/')")
	p.awaitText("Running")
	for p.focus() != "Cancel" {
		p.keys("\t")
	}
	if outline := eval[string](p, "getComputedStyle(document.activeElement).outlineStyle"); outline != "solid" {
		t.Errorf("the focus is shown as %s", outline)
	}
	p.keys("\r")
	p.awaitText("Cancelled")
	p.keys("\u001b")
	p.await("location.hash === '#/start/bench/pause'")
	for p.focus() != "When it runs" {
		p.keys("\t")
	}
	p.keys("\r")
	p.await("document.querySelector('details').open")
	p.keys("\t\u001b")
	p.await("!document.querySelector('details').open")
	if at := p.focus(); at != "When it runs" {
		t.Errorf("after Escape the focus is on %q", at)
	}
}

// TestTheFocusStaysWhereItIsWhenActivitiesEnd: of another task, and of the one whose
// button it was on.
func TestTheFocusStaysWhereItIsWhenActivitiesEnd(t *testing.T) {
	s := started(t)
	token := s.token(t, "focus")
	for range 3 {
		s.submit(t, token, "noop", "_delay", "3600")
	}
	p := open(t, s, "desktop-light")
	p.signIn(token)
	p.goTo("#/activities")
	const now, over = "document.querySelectorAll('section')[0].querySelectorAll('.activity')", "document.querySelectorAll('section')[1].querySelectorAll('.activity')"
	p.await(now + ".length === 3")
	first := eval[string](p, now+"[0].dataset.uuid")
	mine := eval[string](p, "(() => { const row = "+now+"[2]; row.querySelector('button').focus(); return row.dataset.uuid; })()")
	const focused = "(document.activeElement.closest('.activity')?.dataset.uuid ?? '') + ' ' + document.activeElement.tagName"
	s.post(t, token, "/cancel-task/", url.Values{"task_ids": {first}})
	p.await(over + ".length === 1")
	if at := eval[string](p, focused); at != mine+" BUTTON" {
		t.Errorf("when another task has ended the focus is on %q, not on the button of %s", at, mine)
	}
	eval[string](p, "document.querySelector(\".activity[data-uuid='"+mine+"'] button\").focus() ?? ''")
	p.keys("\r")
	p.await(over + ".length === 2")
	if at := eval[string](p, focused); at != mine+" A" {
		t.Errorf("when its own task has ended the focus is on %q, not on the link to %s", at, mine)
	}
}

// field gives the selector of the input with a label, once it is there.
func (p *tab) field(label string) string {
	p.t.Helper()
	find := "[...document.querySelectorAll('form label')].find((l) => l.innerText.startsWith(" + quoted(label) + "))"
	p.await(find)
	return "#" + eval[string](p, find+".htmlFor")
}

// choose shows the form of an action by its link.
func (p *tab) choose(action string) {
	p.t.Helper()
	p.see("form button.main")
	if eval[bool](p, "Boolean(document.querySelector('.pick:not([open])'))") {
		p.click(".pick summary")
	}
	p.click("a[href='#/start/" + action + "']")
	// The address changes before the view does.
	p.await("document.querySelector(\"a[href='#/start/" + action + "'][aria-current]\")")
}

// goTo shows a view by its address.
func (p *tab) goTo(hash string) {
	p.t.Helper()
	eval[string](p, "location.hash = "+quoted(hash))
}

// keys presses keys wherever the focus is.
func (p *tab) keys(keys string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys))
}

// focus tells what has the focus, by the text that people see.
func (p *tab) focus() string {
	p.t.Helper()
	return eval[string](p, "((e) => e.labels?.[0]?.innerText ?? e.innerText ?? e.tagName)(document.activeElement).trim()")
}

// focused waits until an element has the focus.
func (p *tab) focused(selector string) {
	p.t.Helper()
	p.await("document.activeElement.matches(" + quoted(selector) + ")")
}
