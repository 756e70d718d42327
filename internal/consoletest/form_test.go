package consoletest_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
)

// everything is a discovery with a parameter of every type.
const everything = `{"services":[{"name":"Ledger Book","slug":"ledger","actions":[{"name":"Import Entries","slug":"import-entries",
 "description":"Imports <b>entries</b>.","execution":"Asynchronous","permissions":{"side":["south"]},"parameters":[
 {"name":"Provider","slug":"provider","type":"string","description":"Whose.","optional":false,"values":["north","east"]},
 {"name":"Side","slug":"side","type":"string","description":"Narrowed.","optional":false,"values":["north","south"]},
 {"name":"Note","slug":"note","type":"string","description":"Any text.","optional":true,"default":"none"},
 {"name":"Limit","slug":"limit","type":"integer","description":"How many.","optional":true},
 {"name":"Rate","slug":"rate","type":"number","description":"How fast.","optional":true},
 {"name":"Dry Run","slug":"dry_run","type":"boolean","description":"Only look.","optional":true},
 {"name":"Since","slug":"since","type":"date","description":"From when on.","optional":true},
 {"name":"Tags","slug":"tags","type":"list","description":"Words.","optional":true},
 {"name":"Kinds","slug":"kinds","type":"list","description":"Some of these.","optional":true,"values":["a","b","c"]},
 {"name":"Pin","slug":"pin","type":"secret","description":"Never shown.","optional":false},
 {"name":"File","slug":"file","type":"file","description":"The entries.","optional":false}]}]}],
 "accounts":[{"service":"ledger","username":"alice","registered_at":"2026-11-22T10:00:00Z"}],"retrieval_protocol":"asstore","success":true}`

// TestAFormHasAFieldForEveryParameterAndFaultsStandNextToTheirs sends one by one
// what a form of all types holds.
func TestAFormHasAFieldForEveryParameterAndFaultsStandNextToTheirs(t *testing.T) {
	var mu sync.Mutex
	var sent map[string][]string
	s := started(t)
	front := staged(t, s, map[string]http.HandlerFunc{
		"GET /account/": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, everything) },
		"POST /submit-task/": func(w http.ResponseWriter, r *http.Request) {
			if err := r.ParseMultipartForm(1 << 20); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			sent = r.MultipartForm.Value
			for _, f := range r.MultipartForm.File["file"] {
				sent["file"] = append(sent["file"], f.Filename)
			}
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"success":false,"error":"two","errors":{"limit":[["limit must be above 0.","invalid_parameter_value"]],"__all__":[["Not today.","invalid"]]}}`)
		},
	})
	p := openAt(t, front+"/console", "phone-light")
	p.signIn(s.token(t, "form"))
	p.see("form button.main")
	p.check("form-all-types")
	p.click("form button.main")
	p.awaitText("This is needed.")
	if got := eval[int](p, "[...document.querySelectorAll('.field .fault')].filter((f) => f.innerText === 'This is needed.').length"); got != 3 {
		t.Errorf("%d fields are said to be needed, want provider, pin and file", got)
	}
	p.focused("select[aria-invalid]")
	for name, value := range map[string]string{"Provider": "east", "Limit": "0", "Rate": "1.5", "Dry Run": "Yes", "Tags": "x, y", "Pin": "1234"} {
		p.do(chromedp.SendKeys(chromedp.CSS(p.field(name)), value))
	}
	eval[string](p, "document.querySelector("+quoted(p.field("Since"))+").value = '2026-11-22T10:00:00'")
	p.click(".checks label:nth-child(2) input")
	p.click(".checks label:nth-child(3) input")
	p.upload(export(t, 1))
	p.click("form button.main")
	p.awaitText("limit must be above 0.")
	p.awaitText("Not today.")
	p.focused("[inputmode=numeric]")
	mu.Lock()
	defer mu.Unlock()
	want := map[string][]string{
		"service": {"ledger"}, "action": {"import-entries"}, "account": {"alice"}, "provider": {"east"}, "side": {"south"}, "note": {"none"},
		"limit": {"0"}, "rate": {"1.5"}, "dry_run": {"true"}, "since": {"2026-11-22T09:00:00.000Z"}, "tags": {"x, y"}, "kinds": {"b", "c"},
		"pin": {"1234"}, "file": {"animelist.xml"}, "_priority": {"default"},
	}
	if d := cmp.Diff(want, sent); d != "" {
		t.Error(d)
	}
	if !strings.Contains(eval[string](p, "document.querySelector('.lead').innerText"), "<b>") {
		t.Error("a text was taken for markup")
	}
}

// TestALargeUploadShowsHowMuchOfItIsSent sends over a slow line.
func TestALargeUploadShowsHowMuchOfItIsSent(t *testing.T) {
	s := started(t)
	p := open(t, s, "phone-dark")
	p.signIn(s.token(t, "upload"))
	p.see("form button.main")
	p.do(command(network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{DownloadThroughput: -1, UploadThroughput: 1 << 20}},
	}))
	p.write(p.field("Account"), "alice")
	p.upload(export(t, 3000))
	p.click("form button.main")
	p.await("((bar) => bar?.value > 0 && bar.value < 100)(document.querySelector('progress[aria-label=Upload]'))")
	p.shot("uploading")
	p.awaitText("Done")
}
