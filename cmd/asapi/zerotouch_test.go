package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lines runs a command that prints lines of JSON, and says how it ended.
func lines[T any](t *testing.T, args string) (list []T, ended error) {
	t.Helper()
	var out bytes.Buffer
	ended = run(t.Context(), strings.Fields(args), &out, io.Discard)
	for decoder := json.NewDecoder(&out); ; {
		var line T
		if err := decoder.Decode(&line); err == io.EOF {
			return list, ended
		} else if err != nil {
			t.Fatalf("asapi %s: %v", args, err)
		}
		list = append(list, line)
	}
}

func TestAResellerImportsATableAndHasVendors(t *testing.T) {
	data, _, _ := startDev(t)
	t.Setenv("ASAPI_DATA", data)
	if _, err := lines[any](t, "client create vendor"); err != nil {
		t.Log(err) // what it prints is no JSON of ours
	}
	customer := printed(t, "zerotouch customer add --client dev --owner ann@company.example Company")
	file := filepath.Join(t.TempDir(), "devices.csv")
	table := "IMEI,Serial,Manufacturer,Model,Order Number\n350000000000014,S1,Acme,One,7\n350000000000015,,,,\n,S3,Acme,Two,\n350000000000014,,,,\n"
	if err := os.WriteFile(file, []byte(table), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := lines[importedLine](t, "zerotouch import-csv --client dev --customer "+customer+" "+file)
	if err == nil || err.Error() != "1 of 4 rows were refused" {
		t.Errorf("the import ended with %v", err)
	}
	for i := range got {
		if (got[i].Device == "") != (got[i].Error != "") || (got[i].Message == "") != (got[i].Error == "") {
			t.Errorf("row %d is %+v", i+1, got[i])
		}
		got[i].Device, got[i].Message = "", ""
	}
	want := []importedLine{
		{Row: 1, Key: "350000000000014", Outcome: "created", Status: "SINGLE_DEVICE_STATUS_SUCCESS"},
		{Row: 2, Key: "350000000000015", Outcome: "failed", Status: "SINGLE_DEVICE_STATUS_INVALID_DEVICE_IDENTIFIER", Error: "INVALID_IMEI"},
		{Row: 3, Key: "S3", Outcome: "created", Status: "SINGLE_DEVICE_STATUS_SUCCESS"},
		{Row: 4, Key: "350000000000014", Outcome: "unchanged", Status: "SINGLE_DEVICE_STATUS_SUCCESS"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	customers, err := lines[customerLine](t, "zerotouch customer list --client dev")
	if err != nil || len(customers) != 1 || customers[0].Company != "Company" {
		t.Errorf("the customers are %+v, %v", customers, err)
	}
	if _, err := lines[any](t, "zerotouch customer add --client dev --owner ann@gmail.com Company"); exitCode(err) != exitUsage {
		t.Errorf("a personal address ended with %v", err)
	}

	if _, err := lines[vendorLine](t, "zerotouch vendor add --client dev vendor --company Sellers"); err != nil {
		t.Fatal(err)
	}
	vendors, err := lines[vendorLine](t, "zerotouch vendor list --client dev")
	if err != nil || len(vendors) != 1 || vendors[0].Company != "Sellers" || !strings.HasSuffix(vendors[0].Name, "/vendors/2") {
		t.Errorf("the vendors are %+v, %v", vendors, err)
	}
	if _, err := lines[vendorLine](t, "zerotouch vendor add --client vendor dev"); err == nil {
		t.Error("a vendor has a vendor")
	}
	for i, want := range []bool{true, false} {
		if _, err := lines[any](t, "zerotouch vendor remove --client dev vendor"); (err == nil) != want {
			t.Errorf("removal %d: %v", i+1, err)
		}
	}
}
