package consoletest_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestSigningInTellsPlainlyWhatIsWrongAndOutForgetsTheToken(t *testing.T) {
	s := started(t)
	token := s.token(t, "signin")
	p := open(t, s, "desktop-light")
	p.see("#token")
	p.check("sign-in")
	p.do(chromedp.SendKeys(chromedp.CSS("#token"), "\r"))
	p.awaitText("Enter a token first.")
	p.write("#token", "wrong\r")
	p.awaitText("This token is not valid")
	if got := eval[string](p, "document.activeElement.id + document.activeElement.getAttribute('aria-invalid')"); got != "tokentrue" {
		t.Errorf("the focus is on %q", got)
	}
	p.check("sign-in-wrong")
	p.write("#token", token+"\r")
	p.see("#sign-out")
	p.do(chromedp.Reload())
	p.see("#sign-out")
	if at := eval[string](p, "location.href"); strings.Contains(at, token) {
		t.Errorf("the token stands in the address %s", at)
	}
	p.click("#sign-out")
	p.awaitText("You have signed out.")
	if n := eval[int](p, "sessionStorage.length + localStorage.length + document.cookie.length"); n != 0 {
		t.Errorf("something of the session is left")
	}
	p.do(chromedp.Reload())
	p.see("#token")
}
