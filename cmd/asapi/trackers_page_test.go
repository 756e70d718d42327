package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"asapi/internal/testserver"
)

// block is a fenced block of a page.
var block = regexp.MustCompile("(?s)```(sh|json)\n(.*?)```")

// Every command of the page is run, in their order, and every answer it shows is
// what the command before it printed.
func TestTheConversationOfThePageOnTrackersIsWhatTheServerAnswers(t *testing.T) {
	page, err := os.ReadFile("../../docs/trackers-json.md")
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", testserver.FreePort(t))
	data, _, tokens := startDev(t, "--tls-listen", address)
	printed, shown := "", 0
	for _, b := range block.FindAllStringSubmatch(string(page), -1) {
		if b[1] == "json" {
			if shown++; strings.TrimSpace(printed) != strings.TrimSpace(b[2]) {
				t.Errorf("got\n%s\nwant\n%s", printed, b[2])
			}
			if !json.Valid([]byte(b[2])) {
				t.Errorf("this is no JSON: %s", b[2])
			}
			continue
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-euc", b[2])
		cmd.Env = append(os.Environ(), "URL=https://"+address, "CURL_CA_BUNDLE="+data+"/tls-cert.pem", "SSL_CERT_FILE="+data+"/tls-cert.pem", "TOKEN="+tokens.Store.Token)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s\n%s: %v", b[2], out, err)
		}
		printed = string(out)
	}
	if shown < 7 {
		t.Errorf("the page shows %d answers", shown)
	}
}
