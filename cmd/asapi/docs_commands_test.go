package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// commandsIn gives the commands of this program that a page shows on lines of their
// own. Those that show in brackets what may be left out are forms and no commands.
func commandsIn(page string) (commands []string) {
	for line := range strings.Lines(page) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "bin/")
		if strings.HasPrefix(line, "asapi ") && !strings.ContainsAny(line, "[`") {
			commands = append(commands, line)
		}
	}
	return commands
}

func TestTheCommandsThatThePagesOfServicesAndProvidersShowAreTaken(t *testing.T) {
	environment(t, nil)
	parser, err := kong.New(&cli{}, kong.DefaultEnvars("ASAPI"), kong.Vars{"version": ""})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, folder := range []string{"providers", "services"} {
		pages, err := filepath.Glob(filepath.Join("../../docs", folder, "*.md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range pages {
			page, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, command := range commandsIn(string(page)) {
				seen++
				if _, err := parser.Parse(strings.Fields(command)[1:]); err != nil {
					t.Errorf("%s shows a command that is none: %s: %v", path, command, err)
				}
			}
		}
	}
	if seen < 15 {
		t.Errorf("only %d commands were found", seen)
	}
}
