package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheGeneratedCodeIsThatOfTheProtoFiles(t *testing.T) {
	t.Chdir("../..") // the plugins are those of this module
	out := t.TempDir()
	if err := run(t.Context(), "api/tracker/proto", out); err != nil {
		t.Fatal(err)
	}
	made := 0
	err := filepath.WalkDir(out, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		made++
		fresh, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, out+"/")
		committed, err := os.ReadFile(name)
		if err != nil || string(committed) != string(fresh) {
			t.Errorf("%s is not what its .proto file says (%v): run make proto", name, err)
		}
		return nil
	})
	if err != nil || made == 0 {
		t.Fatalf("%d files were made: %v", made, err)
	}
}
