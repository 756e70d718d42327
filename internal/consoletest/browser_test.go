package consoletest_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// look is how somebody looks at the page.
type look struct {
	width, height int64
	dark          bool
}

// The looks in which every view must work.
var looks = map[string]look{
	"desktop-light": {width: 1200, height: 900},
	"desktop-dark":  {width: 1200, height: 900, dark: true},
	"phone-light":   {width: 360, height: 740},
	"phone-dark":    {width: 360, height: 740, dark: true},
}

// closers end the browser.
var closers []context.CancelFunc

func closeBrowser() {
	for _, end := range slices.Backward(closers) {
		end()
	}
}

// launch starts the one Chromium of all tests.
var launch = sync.OnceValues(func() (context.Context, error) {
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, errors.New("chromium is not on this machine; run: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("lang", "en-GB"), chromedp.WSURLReadTimeout(patience))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it refuses to have one as root
	}
	allocator, closeAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeContext := chromedp.NewContext(allocator)
	closers = append(closers, closeAllocator, closeContext)
	if err := chromedp.Do(ctx); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return ctx, nil
})

// chromium gives the browser. A test without it fails.
func chromium(t *testing.T) context.Context {
	t.Helper()
	ctx, err := launch()
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

// tab is one page in a browser profile of its own.
type tab struct {
	t      *testing.T
	ctx    context.Context
	url    string
	name   string // of its look
	clicks int

	mu     sync.Mutex
	faults []string
}

// open opens the console. The test fails when the page has an exception, logs an
// error or breaks its Content-Security-Policy.
func open(t *testing.T, s *server, name string) *tab {
	t.Helper()
	return openAt(t, s.url()+"/console", name)
}

func openAt(t *testing.T, url, name string) *tab {
	t.Helper()
	ctx, stop := chromedp.NewContext(chromium(t), chromedp.WithNewBrowserContext())
	t.Cleanup(stop)
	p := &tab{t: t, ctx: ctx, url: url, name: name}
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatal(err)
	}
	l := looks[name]
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	p.do(
		command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: l.width, Height: l.height, DeviceScaleFactor: 1, Mobile: l.width < 500}),
		command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}}),
		command(emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Europe/Berlin"}),
		chromedp.Navigate(p.url),
	)
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, f := range p.faults {
			t.Errorf("%s: the page: %s", name, f)
		}
	})
	return p
}

// command makes an action of a command of the browser's protocol whose answer does
// not matter.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, c, params)
		return err
	})
}

func (p *tab) listen(event any) {
	fault := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		fault = fmt.Sprintf("exception: %s %s", e.ExceptionDetails.Text, e.ExceptionDetails.Exception.Description)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			fault = "console: " + fmt.Sprint(e.Args)
		}
	case *log.EventEntryAdded:
		// Answers with a failing status are told here, too, and are no fault of the page.
		if e.Entry.Source != log.EntrySourceNetwork && (e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning) {
			fault = fmt.Sprintf("%s: %s", e.Entry.Source, e.Entry.Text)
		}
	}
	if fault == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, fault)
}

// do runs actions, and fails the test with a picture and what the page says where
// they do not succeed in time.
func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, stop := context.WithTimeout(p.ctx, patience)
	defer stop()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.shot(strings.ReplaceAll(p.t.Name(), "/", "-") + "-failed")
		ctx, stop := context.WithTimeout(p.ctx, patience)
		defer stop()
		said, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("location.hash + ' ' + document.body.innerText", chromedp.EvalAwaitPromise))
		p.t.Fatalf("%v; the page says: %s", err, said)
	}
}

// see waits until an element is there and visible.
func (p *tab) see(selector string) {
	p.t.Helper()
	p.do(chromedp.WaitVisible(chromedp.CSS(selector)))
}

// await waits until an expression is true.
func (p *tab) await(expression string) {
	p.t.Helper()
	p.do(chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(0)))
}

// awaitText waits until the page shows a text.
func (p *tab) awaitText(text string) {
	p.t.Helper()
	p.await("document.body.innerText.includes(" + quoted(text) + ")")
}

// quoted is a text as JavaScript writes it.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil { // a string always marshals
		return `""`
	}
	return string(b)
}

// click clicks an element and counts it.
func (p *tab) click(selector string) {
	p.t.Helper()
	p.clicks++
	p.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// write puts a text into an input.
func (p *tab) write(selector, text string) {
	p.t.Helper()
	eval[string](p, "document.querySelector("+quoted(selector)+").value = ''")
	p.do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

// eval gives the value of an expression, also of one that is awaited.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, stop := context.WithTimeout(p.ctx, patience)
	defer stop()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression[:min(len(expression), 200)], err)
	}
	return v
}

// signIn signs in and waits until the activities are live.
func (p *tab) signIn(token string) {
	p.t.Helper()
	p.see("#token")
	p.do(chromedp.SendKeys(chromedp.CSS("#token"), token+"\r"))
	p.see("#sign-out")
	p.awaitText("Live")
}

// artefacts is where pictures go; git ignores it.
const artefacts = "../../artefacts/console"

// shot takes a picture of the whole page.
func (p *tab) shot(name string) {
	p.t.Helper()
	shot, err := chromedp.Call(p.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng, CaptureBeyondViewport: new(true)})
	if err == nil {
		err = os.MkdirAll(artefacts, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(artefacts, name+"-"+p.name+".png"), shot.Data, 0o644)
	}
	if err != nil {
		p.t.Errorf("the picture %s: %v", name, err)
	}
}

//go:embed testdata/axe.min.js
var axe string

// check looks for what keeps people out, and for what is wider than the screen,
// and takes a picture.
func (p *tab) check(view string) {
	p.t.Helper()
	p.shot(view)
	if !eval[bool](p, "typeof axe === 'object'") {
		eval[bool](p, axe+";true")
	}
	type violation struct {
		ID, Help string
		Nodes    []struct{ HTML, FailureSummary string }
	}
	found := eval[[]violation](p, "axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations.map((v) => ({ID: v.id, Help: v.help, Nodes: v.nodes.map((n) => ({HTML: n.html, FailureSummary: n.failureSummary}))})))")
	for _, v := range found {
		for _, n := range v.Nodes {
			p.t.Errorf("%s, %s: %s (%s): %s: %s", view, p.name, v.Help, v.ID, n.HTML, n.FailureSummary)
		}
	}
	wide := eval[[]string](p, "[...document.querySelectorAll('body *')].filter((e) => e.checkVisibility() && !e.closest('pre, .hidden, .skip') && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((e) => e.outerHTML.slice(0, 120))")
	for _, e := range wide {
		p.t.Errorf("%s, %s: this is wider than the screen: %s", view, p.name, e)
	}
}
