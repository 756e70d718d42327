package zerotouch

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"

	"asapi/tasks"
)

// columns are the headings that are known, without case and without what is neither
// letter nor digit, and what they hold. Others are passed over.
var columns = map[string]string{
	"imei": "imei", "imei1": "imei", "imeinumber": "imei", "imei2": "imei2", "meid": "meid", "meid1": "meid", "meid2": "meid2",
	"serial": "serial", "serialnumber": "serial", "serialno": "serial", "sn": "serial",
	"manufacturer": "manufacturer", "brand": "manufacturer", "make": "manufacturer", "model": "model", "modelname": "model",
	"chromeosattesteddeviceid": "attested", "attesteddeviceid": "attested", "devicetype": "type",
	"customer": "customer", "customerid": "customer", "owner": "customer",
	"googleworkspacecustomerid": "workspace", "workspacecustomerid": "workspace", "workspace": "workspace",
	"configurationid": "configuration", "simlockprofileid": "simprofile", "preprovisioningtoken": "token",
	"modemtype": "modemtype", "modemid": "modemid", "sectiontype": "section", "profiletype": "section",
	"deviceid": "device", "vacationmodedays": "days", "vacationmodeexpiretime": "expire",
	"phonenumber": "phonenumber", "phone": "phonenumber", "ordernumber": "ordernumber", "order": "ordernumber", "orderno": "ordernumber", "orderid": "ordernumber",
	"annotatedassetid": "annotatedassetid", "annotatedlocation": "annotatedlocation", "annotateduser": "annotateduser",
}

// naming are the columns of which one at least must be there.
var naming = []string{"imei", "imei2", "meid", "meid2", "modemid", "serial", "attested", "device"}

// row is a row of a table by what its columns hold.
type row struct {
	cells map[string]string
	fault *tasks.Error
}

// readCSV reads a table with a heading; commas, semicolons or tabs part its cells.
func readCSV(in *bufio.Reader, k *kind, each func(entry) error) error {
	within := &bound{r: in, most: maxEntry}
	r := csv.NewReader(within)
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = separator(in), -1, true
	r.TrimLeadingSpace = r.Comma != '\t' // which is white space, too: empty cells would be lost
	heading, err := r.Read()
	if err != nil {
		return csvError(err)
	}
	holds := make([]string, len(heading))
	named := false
	for i, title := range heading {
		holds[i] = columns[letters(title)]
		for _, n := range naming {
			named = named || holds[i] == n
		}
	}
	if !named {
		return unreadable("The file is neither JSON nor CSV with a heading that names a column such as imei, meid, serial or deviceid.")
	}
	for {
		within.from = r.InputOffset()
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return csvError(err)
		}
		if err := each(k.row(rowOf(holds, record))); err != nil {
			return err
		}
	}
}

// separator finds what parts the cells of the heading.
func separator(in *bufio.Reader) rune {
	head, _ := in.Peek(4096) // what there is of it
	line, _, _ := bytes.Cut(head, []byte("\n"))
	best := ','
	for _, c := range ";\t" {
		if bytes.ContainsRune(line, c) && bytes.Count(line, []byte(string(c))) > bytes.Count(line, []byte(string(best))) {
			best = c
		}
	}
	return best
}

func csvError(err error) error {
	var wrong *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return unreadable("The file is empty.")
	case errors.As(err, &wrong):
		return unreadable("The CSV file cannot be read at line %d: its quotation marks do not match.", wrong.StartLine)
	}
	return err
}

// letters drops what is neither letter nor digit, and the case.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9') {
			return r
		}
		return -1
	}, strings.ToLower(s))
}

func rowOf(holds, record []string) row {
	r := row{cells: map[string]string{}}
	for i, cell := range record {
		cell = strings.TrimSpace(cell)
		if i >= len(holds) {
			if cell != "" {
				r.fault = invalid(InvalidArgument, "", "The row has more cells than the heading.")
			}
			continue
		}
		if holds[i] != "" && cell != "" {
			r.cells[holds[i]] = strings.Clone(cell)
		}
	}
	if kind, id := Fold(r.cells["modemtype"]), r.cells["modemid"]; id != "" {
		switch kind {
		case "meid":
			r.cells["meid"] = id
		case "imei", "":
			r.cells["imei"] = id
		default:
			r.fault = invalid(InvalidIdentifierSet, "modemtype", "modemtype must be IMEI or MEID.")
		}
	}
	return r
}

func (r *row) number(column string) integer {
	cell := r.cells[column]
	if cell == "" {
		return 0
	}
	n, err := strconv.ParseInt(cell, 10, 64)
	if err != nil {
		r.fault = invalid(InvalidArgument, column, "%q is no whole number.", tasks.Clip(cell, 40))
	}
	return integer(n)
}

func (r *row) identifier() *identifierDoc {
	d := identifierDoc{
		IMEI: r.cells["imei"], IMEI2: r.cells["imei2"], MEID: r.cells["meid"], MEID2: r.cells["meid2"],
		Serial: r.cells["serial"], Manufacturer: r.cells["manufacturer"], Model: r.cells["model"], Attested: r.cells["attested"],
		Type: DeviceType(long("DEVICE_TYPE_", r.cells["type"])),
	}
	if d == (identifierDoc{}) {
		return nil
	}
	return &d
}

// section gives what the row is for: ZeroTouch where it does not say.
func (r *row) section() Section {
	if s := r.cells["section"]; s != "" {
		return Section(long("SECTION_TYPE_", s))
	}
	return ZeroTouch
}

// long completes a name such as ZERO_TOUCH or zero-touch.
func long(prefix, name string) string {
	if name == "" {
		return ""
	}
	return prefix + strings.TrimPrefix(strings.ToUpper(strings.NewReplacer("-", "_", " ", "_").Replace(name)), prefix)
}

// metadata gives the cells that are metadata; an empty cell sets nothing.
func (r *row) metadata() *metadataDoc {
	d := &metadataDoc{Entries: map[string]string{}}
	for _, keys := range metadataKeys {
		for _, key := range keys {
			if v := r.cells[key]; v != "" {
				d.Entries[key] = v
			}
		}
	}
	return d
}

// rowEntry makes an entry of a row's document.
func rowEntry(r *row, d document) entry {
	e := entryFrom(d)
	if r.fault != nil {
		e.fault = r.fault
	}
	return e
}

func claimRow(r row) entry {
	d := claimDoc{
		Identifier: r.identifier(), Section: r.section(), Customer: r.number("customer"), Workspace: r.cells["workspace"],
		Configuration: r.number("configuration"), SIMProfile: r.number("simprofile"), Token: r.cells["token"],
	}
	if m := r.metadata(); len(m.Entries) > 0 {
		d.Metadata = m
	}
	return rowEntry(&r, d)
}

func unclaimRow(r row) entry {
	return rowEntry(&r, unclaimDoc{
		Device: r.number("device"), Identifier: r.identifier(), Section: r.section(), VacationDays: r.number("days"), VacationExpire: r.cells["expire"],
	})
}

func updateRow(r row) entry {
	return rowEntry(&r, updateDoc{Device: r.number("device"), Identifier: r.identifier(), Metadata: r.metadata()})
}
