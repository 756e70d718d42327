package consoletest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"asapi/internal/testserver"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// entries is how many the export has: enough for progress to be seen.
const entries = 5_000

// TestTheMainJobTakesThreeClicksAfterSigningIn is the way of somebody new, with
// an empty account, on every kind of screen: upload an export, see it move, take
// the result; then stop a task, and look at everything else.
func TestTheMainJobTakesThreeClicksAfterSigningIn(t *testing.T) {
	s := started(t)
	for name := range looks {
		t.Run(name, func(t *testing.T) {
			token := s.token(t, "main-"+name)
			p := open(t, s, name)
			p.signIn(token)
			p.see("form button.main")
			p.check("start")

			p.clicks = 0
			p.click(p.field("Account"))
			p.do(chromedp.SendKeys(chromedp.CSS(p.field("Account")), "alice"))
			p.upload(export(t, entries))
			p.watchProgress()
			p.click("form button.main")
			if p.clicks > 3 {
				t.Errorf("it took %d clicks", p.clicks)
			}
			p.awaitText("Done")
			p.moved()
			p.see("#download")
			p.check("task-done")
			p.takeResult()
			p.check("task-result")

			p.stopATask()
			p.views()
		})
	}
}

// upload chooses a file, which is a click for people.
func (p *tab) upload(path string) {
	p.t.Helper()
	p.clicks++
	p.do(chromedp.SetUploadFiles(chromedp.CSS("input[type=file]"), []string{path}))
}

// watchProgress notes every value that a progress bar of a task takes.
func (p *tab) watchProgress() {
	p.t.Helper()
	eval[bool](p, `window.seen = [];
		new MutationObserver((all) => all.forEach((m) => m.target.ariaLabel.startsWith("Progress of") && seen.push(m.target.value)))
			.observe(document.getElementById("main"), {subtree: true, attributeFilter: ["value"]}); true`)
}

func (p *tab) moved() {
	p.t.Helper()
	seen := eval[[]float64](p, "seen")
	if !slices.ContainsFunc(seen, func(v float64) bool { return v > 0 && v < 100 }) {
		p.t.Errorf("the progress bar did not move: %v", seen)
	}
}

// takeResult downloads the result and compares what was saved.
func (p *tab) takeResult() {
	p.t.Helper()
	dir := p.t.TempDir()
	context := chromedp.FromContext(p.ctx).BrowserContextID
	if _, err := chromedp.CallBrowser(p.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: context, DownloadPath: dir,
	}); err != nil {
		p.t.Fatal(err)
	}
	p.click("#download")
	p.awaitText("save it before you close the tab")
	var report struct{ Total, Created int }
	testserver.Eventually(p.t, patience, func() error {
		found, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil || len(found) != 1 {
			return os.ErrNotExist
		}
		b, err := os.ReadFile(found[0])
		if err != nil {
			return err
		}
		return json.Unmarshal(b, &report)
	}, "the file to be saved")
	if report.Total != entries || report.Created != entries {
		p.t.Errorf("the saved result says %+v, want %d", report, entries)
	}
}

// stopATask starts a task that would take an hour, and cancels it in the list of
// activities.
func (p *tab) stopATask() {
	p.t.Helper()
	p.click("nav a[data-path=start]")
	p.choose("bench/pause")
	p.write(p.field("Account"), "bob")
	p.write(p.field("Milliseconds"), "3600000\r")
	p.await("location.hash.startsWith('#/tasks/')")
	p.click("nav a[data-path=activities]")
	p.see(".activity progress")
	p.awaitText("Running")
	p.check("activities")
	p.click(".activity button")
	p.await("[...document.querySelectorAll('.activity')].some((a) => a.innerText.includes('Cancelled'))")
	p.awaitText("Nothing runs and nothing waits.")
	p.click(".activity a")
	p.awaitText("This task left no result.")
	p.check("task-cancelled")
}

// views looks at what is left.
func (p *tab) views() {
	p.t.Helper()
	p.click("nav a[data-path=tasks]")
	p.await("document.querySelectorAll('.list .card').length === 2")
	p.check("tasks")
	p.click("nav a[data-path=load]")
	p.see(".chart svg")
	p.await("document.body.innerText.includes('2 in the last hour')")
	p.check("load")
	p.click("nav a[data-path=start]")
	p.choose("tracker/import-trackers")
	p.see("input[type=file]")
	p.click("form button.main")
	p.awaitText("This is needed.")
	p.check("start-faults")
}
