package zerotouch

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

// tries is how often a change is tried when others made the same devices at the
// same time. Each further try knows what made the one before it fail.
const tries = 50

// lostKeysError says that others have keys that a change was about to keep.
type lostKeysError []zerotouch.Key

func (lostKeysError) Error() string { return "another change made the same devices" }

// Change implements zerotouch.Store.
func (s *Store) Change(ctx context.Context, run tasks.Fence, partner zerotouch.PartnerID, want zerotouch.Want, fn func(*zerotouch.Held) ([]zerotouch.Settled, error)) error {
	want.Keys = slices.Clone(want.Keys)
	var err error
	for range tries {
		err = s.db.Tx(ctx, func(tx *gorm.DB) error { return s.change(tx, run, partner, want, fn) })
		lost, ok := errors.AsType[lostKeysError](err)
		if !ok {
			return err
		}
		want.Keys = append(want.Keys, lost...)
	}
	return err
}

func (s *Store) change(tx *gorm.DB, run tasks.Fence, partner zerotouch.PartnerID, want zerotouch.Want, fn func(*zerotouch.Held) ([]zerotouch.Settled, error)) error {
	h, before, err := s.load(tx, partner, want)
	if err != nil {
		return err
	}
	settled, err := fn(h)
	if err != nil {
		return err
	}
	if err := s.insertDevices(tx, h); err != nil {
		return err
	}
	if err := s.updateDevices(tx, h.Changed()); err != nil {
		return err
	}
	if err := s.count(tx, h, before); err != nil {
		return err
	}
	if run == (tasks.Fence{}) {
		return nil
	}
	return s.db.RecordItems(tx, run, h.Items(settled))
}

// owned is what a device counts for; the zero value: nothing.
type owned struct {
	zerotouch.Owner
	Registrar zerotouch.PartnerID
}

func ownedBy(d *zerotouch.Device) owned {
	if d.Claim == nil {
		return owned{}
	}
	return owned{d.Claim.Owner, d.Registrar}
}

// load reads and locks what is wanted. Devices are locked by their ids in order, so
// that two changes never wait for each other in turn.
func (s *Store) load(tx *gorm.DB, partner zerotouch.PartnerID, want zerotouch.Want) (*zerotouch.Held, map[zerotouch.DeviceID]owned, error) {
	vendors, err := vendorsOf(tx, partner)
	if err != nil {
		return nil, nil, err
	}
	customers := map[zerotouch.CustomerID]zerotouch.PartnerID{}
	err = each(s, tx, distinct(want.Customers), func(found *sql.Rows) error {
		var c zerotouch.CustomerID
		var p zerotouch.PartnerID
		err := found.Scan(&c, &p)
		customers[c] = p
		return err
	}, "SELECT c.id, c.partner_id FROM b JOIN customers c ON c.id = b.id")
	if err != nil {
		return nil, nil, err
	}
	h := zerotouch.NewHeld(partner, vendors[1:], customers)
	keys, err := s.keys(tx, want.Keys)
	if err != nil {
		return nil, nil, err
	}
	of := map[zerotouch.DeviceID][]zerotouch.Key{}
	for _, id := range want.Devices {
		of[id] = nil
	}
	for key, id := range keys {
		of[id] = append(of[id], key)
	}
	before := map[zerotouch.DeviceID]owned{}
	err = each(s, tx, slices.Sorted(maps.Keys(of)), func(found *sql.Rows) error {
		d, err := scanDevice(found)
		if err != nil {
			return err
		}
		h.Found(d, of[d.ID]...)
		before[d.ID] = ownedBy(d)
		return nil
	}, "SELECT "+deviceColumns+" FROM b JOIN devices d ON d.id = b.id ORDER BY d.id"+s.lock())
	return h, before, err
}

// lock locks devices that a statement finds, see store.DB.ForUpdate.
func (s *Store) lock() string {
	if s.db.Postgres() {
		return s.db.ForUpdate() + " OF d"
	}
	return ""
}

func distinct[T ~int64 | ~string](list []T) []T {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

type keyRow struct {
	Key    string `json:"key"`
	Device int64  `json:"device_id"`
}

var keyBatch = []store.Col{{Name: "key", Type: "text"}, {Name: "device_id", Type: "int"}}

// keys finds which devices have the keys.
func (s *Store) keys(tx *gorm.DB, keys []zerotouch.Key) (map[zerotouch.Key]zerotouch.DeviceID, error) {
	has := map[zerotouch.Key]zerotouch.DeviceID{}
	if len(keys) == 0 {
		return has, nil
	}
	var list []keyRow
	for _, k := range distinct(keys) {
		list = append(list, keyRow{Key: string(k)})
	}
	param, err := rows(list)
	if err != nil {
		return nil, err
	}
	err = query(tx, func(found *sql.Rows) error {
		var k zerotouch.Key
		var id zerotouch.DeviceID
		err := found.Scan(&k, &id)
		has[k] = id
		return err
	}, "WITH "+s.db.Batch("b", keyBatch...)+" SELECT k.key, k.device_id FROM b JOIN device_keys k ON k.key = b.key", param)
	return has, err
}

// insertDevices gives new devices their ids and keeps them, with all new keys. It
// fails with lostKeysError where somebody else was first.
func (s *Store) insertDevices(tx *gorm.DB, h *zerotouch.Held) error {
	made := h.Made()
	if err := s.number(tx, made); err != nil {
		return err
	}
	fresh := h.NewKeys()
	if len(fresh) > 0 {
		list := make([]keyRow, 0, len(fresh))
		for _, k := range slices.Sorted(maps.Keys(fresh)) {
			list = append(list, keyRow{string(k), int64(fresh[k].ID)})
		}
		param, err := rows(list)
		if err != nil {
			return err
		}
		kept := make(map[zerotouch.Key]bool, len(fresh))
		err = query(tx, func(found *sql.Rows) error {
			var k zerotouch.Key
			err := found.Scan(&k)
			kept[k] = true
			return err
		}, "WITH "+s.db.Batch("b", keyBatch...)+" INSERT INTO device_keys (key, device_id) SELECT key, device_id FROM b WHERE true ORDER BY key"+
			" ON CONFLICT (key) DO NOTHING RETURNING key", param)
		if err != nil {
			return err
		}
		if len(kept) < len(fresh) {
			var lost lostKeysError
			for k := range fresh {
				if !kept[k] {
					lost = append(lost, k)
				}
			}
			return lost
		}
	}
	if len(made) == 0 {
		return nil
	}
	param, err := rowsOf(made)
	if err != nil {
		return err
	}
	names := columnNames("")
	return tx.Exec("WITH "+s.db.Batch("b", deviceBatch...)+" INSERT INTO devices ("+names+", created_at, updated_at) SELECT "+names+", "+s.db.Now()+", "+s.db.Now()+" FROM b ORDER BY id", param).Error
}

// number gives new devices their ids, in their order.
func (s *Store) number(tx *gorm.DB, made []*zerotouch.Device) error {
	if len(made) == 0 {
		return nil
	}
	if !s.db.Postgres() { // one writer, and no device is ever deleted
		var last int64
		if err := tx.Raw("SELECT COALESCE(MAX(id), 0) FROM devices").Row().Scan(&last); err != nil {
			return err
		}
		for i, d := range made {
			d.ID = zerotouch.DeviceID(last + int64(i) + 1)
		}
		return nil
	}
	var ids []zerotouch.DeviceID
	err := query(tx, func(found *sql.Rows) error {
		var id zerotouch.DeviceID
		err := found.Scan(&id)
		ids = append(ids, id)
		return err
	}, "SELECT nextval(pg_get_serial_sequence('devices', 'id')) FROM generate_series(1, CAST(? AS BIGINT))", len(made))
	if err != nil {
		return err
	}
	slices.Sort(ids)
	for i, d := range made {
		d.ID = ids[i]
	}
	return nil
}

// columnNames lists the columns of deviceBatch, each after a prefix.
func columnNames(prefix string) string {
	names := make([]string, len(deviceBatch))
	for i, c := range deviceBatch {
		names[i] = prefix + c.Name
	}
	return strings.Join(names, ", ")
}

func (s *Store) updateDevices(tx *gorm.DB, changed []*zerotouch.Device) error {
	if len(changed) == 0 {
		return nil
	}
	param, err := rowsOf(changed)
	if err != nil {
		return err
	}
	var sets strings.Builder
	for _, c := range deviceBatch[1:] {
		sets.WriteString(c.Name + " = b." + c.Name + ", ")
	}
	return tx.Exec("WITH "+s.db.Batch("b", deviceBatch...)+" UPDATE devices SET "+sets.String()+"updated_at = "+s.db.Now()+" FROM b WHERE devices.id = b.id", param).Error
}

type countRow struct {
	Customer  int64  `json:"customer_id"`
	Workspace string `json:"workspace"`
	Registrar int64  `json:"registrar"`
	Devices   int64  `json:"devices"`
}

var countBatch = []store.Col{{Name: "customer_id", Type: "int"}, {Name: "workspace", Type: "text"}, {Name: "registrar", Type: "int"}, {Name: "devices", Type: "int"}}

// count brings the counts of owners to what a change left. Their rows are what
// changes for one customer meet at, so they are locked last, and in one order.
func (s *Store) count(tx *gorm.DB, h *zerotouch.Held, before map[zerotouch.DeviceID]owned) error {
	more := map[owned]int64{}
	for _, d := range h.Made() {
		more[ownedBy(d)]++
	}
	for _, d := range h.Changed() {
		more[ownedBy(d)]++
		more[before[d.ID]]--
	}
	delete(more, owned{})
	var list []countRow
	for of, n := range more {
		if n != 0 {
			list = append(list, countRow{int64(of.Customer), of.Workspace, int64(of.Registrar), n})
		}
	}
	if len(list) == 0 {
		return nil
	}
	param, err := rows(list)
	if err != nil {
		return err
	}
	return tx.Exec("WITH "+s.db.Batch("b", countBatch...)+" INSERT INTO device_counts (customer_id, workspace, registrar, devices)"+
		" SELECT customer_id, workspace, registrar, devices FROM b WHERE true ORDER BY customer_id, workspace, registrar"+
		" ON CONFLICT (customer_id, workspace, registrar) DO UPDATE SET devices = device_counts.devices + excluded.devices", param).Error
}
