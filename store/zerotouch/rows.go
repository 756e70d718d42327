package zerotouch

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"asapi/store"
	"asapi/tasks/zerotouch"
)

// deviceRow is a device on its way into the table.
type deviceRow struct {
	ID              int64  `json:"id"`
	Registrar       int64  `json:"registrar"`
	Customer        int64  `json:"customer_id"`
	Workspace       string `json:"workspace"`
	Configuration   int64  `json:"configuration"`
	SIMProfile      int64  `json:"sim_profile"`
	VacationStart   int64  `json:"vacation_start"`
	VacationExpire  int64  `json:"vacation_expire"`
	Type            string `json:"type"`
	IMEI            string `json:"imei"`
	IMEI2           string `json:"imei2"`
	MEID            string `json:"meid"`
	MEID2           string `json:"meid2"`
	Serial          string `json:"serial"`
	Manufacturer    string `json:"manufacturer"`
	Model           string `json:"model"`
	Attested        string `json:"attested"`
	SerialKey       string `json:"serial_key"`
	ManufacturerKey string `json:"manufacturer_key"`
	ModelKey        string `json:"model_key"`
	Metadata        string `json:"metadata"`
}

// deviceBatch are the columns of a batch of deviceRows, and of the table.
var deviceBatch = []store.Col{
	{Name: "id", Type: "int"},
	{Name: "registrar", Type: "int"},
	{Name: "customer_id", Type: "int"},
	{Name: "workspace", Type: "text"},
	{Name: "configuration", Type: "int"},
	{Name: "sim_profile", Type: "int"},
	{Name: "vacation_start", Type: "int"},
	{Name: "vacation_expire", Type: "int"},
	{Name: "type", Type: "text"},
	{Name: "imei", Type: "text"},
	{Name: "imei2", Type: "text"},
	{Name: "meid", Type: "text"},
	{Name: "meid2", Type: "text"},
	{Name: "serial", Type: "text"},
	{Name: "manufacturer", Type: "text"},
	{Name: "model", Type: "text"},
	{Name: "attested", Type: "text"},
	{Name: "serial_key", Type: "text"},
	{Name: "manufacturer_key", Type: "text"},
	{Name: "model_key", Type: "text"},
	{Name: "metadata", Type: "text"},
}

// rowOf makes the row of a device.
func rowOf(d *zerotouch.Device) (deviceRow, error) {
	i := d.Identifier
	r := deviceRow{
		ID: int64(d.ID), Registrar: int64(d.Registrar), Type: string(i.Type), IMEI: i.IMEI, IMEI2: i.IMEI2, MEID: i.MEID, MEID2: i.MEID2,
		Serial: i.Serial, Manufacturer: i.Manufacturer, Model: i.Model, Attested: i.Attested,
		SerialKey: zerotouch.Fold(i.Serial), ManufacturerKey: zerotouch.Fold(i.Manufacturer), ModelKey: zerotouch.Fold(i.Model),
	}
	if c := d.Claim; c != nil {
		r.Customer, r.Workspace, r.Configuration, r.SIMProfile = int64(c.Owner.Customer), c.Owner.Workspace, c.Configuration, c.SIMProfile
		if v := c.Vacation; v != nil {
			r.VacationStart, r.VacationExpire = store.Micros(v.Start), store.Micros(v.Expire)
		}
	}
	if len(d.Metadata) > 0 {
		b, err := json.Marshal(d.Metadata)
		if err != nil {
			return r, fmt.Errorf("encode the metadata of a device: %w", err)
		}
		r.Metadata = string(b)
	}
	return r, nil
}

func rowsOf(devices []*zerotouch.Device) (string, error) {
	list := make([]deviceRow, len(devices))
	for i, d := range devices {
		var err error
		if list[i], err = rowOf(d); err != nil {
			return "", err
		}
	}
	return rows(list)
}

// deviceColumns are what scanDevice reads, of a table called d.
const deviceColumns = "d.id, d.registrar, d.customer_id, d.workspace, d.configuration, d.sim_profile, d.vacation_start, d.vacation_expire," +
	" d.type, d.imei, d.imei2, d.meid, d.meid2, d.serial, d.manufacturer, d.model, d.attested, d.metadata"

func scanDevice(found *sql.Rows) (*zerotouch.Device, error) {
	d := &zerotouch.Device{}
	i := &d.Identifier
	var c zerotouch.Claim
	var start, expire int64
	var metadata string
	err := found.Scan(&d.ID, &d.Registrar, &c.Owner.Customer, &c.Owner.Workspace, &c.Configuration, &c.SIMProfile, &start, &expire,
		&i.Type, &i.IMEI, &i.IMEI2, &i.MEID, &i.MEID2, &i.Serial, &i.Manufacturer, &i.Model, &i.Attested, &metadata)
	if err != nil {
		return nil, err
	}
	if c.Owner.Set() {
		c.Reseller, c.Section = d.Registrar, zerotouch.ZeroTouch
		if expire > 0 {
			c.Vacation = &zerotouch.Vacation{Start: store.TimeOf(start), Expire: store.TimeOf(expire)}
		}
		d.Claim = &c
	}
	if metadata != "" {
		if err := json.Unmarshal([]byte(metadata), &d.Metadata); err != nil {
			return nil, fmt.Errorf("decode the metadata of device %d: %w", d.ID, err)
		}
	}
	return d, nil
}
