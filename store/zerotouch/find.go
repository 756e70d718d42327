package zerotouch

import (
	"context"
	"database/sql"
	"slices"

	"gorm.io/gorm"

	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

// Device implements zerotouch.Store.
func (s *Store) Device(ctx context.Context, partner zerotouch.PartnerID, id zerotouch.DeviceID) (d zerotouch.Device, err error) {
	err = s.db.Read(ctx, func(tx *gorm.DB) error {
		seen, err := vendorsOf(tx, partner)
		if err != nil {
			return err
		}
		found, err := s.devices(tx, []zerotouch.DeviceID{id})
		if err != nil {
			return err
		}
		if len(found) == 0 || !slices.Contains(seen, found[0].Registrar) {
			return &tasks.Error{Code: tasks.CodeNotFound, Message: "There is no such device."}
		}
		d = found[0]
		return nil
	})
	return d, err
}

// Claims implements zerotouch.Store.
func (s *Store) Claims(ctx context.Context, keys []zerotouch.Key) (claims []zerotouch.Claim, err error) {
	err = s.db.Read(ctx, func(tx *gorm.DB) error {
		found, err := s.withKeys(tx, keys)
		for _, d := range found {
			if d.Claim != nil {
				claims = append(claims, *d.Claim)
			}
		}
		return err
	})
	return claims, err
}

// devices reads devices by their ids, in order.
func (s *Store) devices(tx *gorm.DB, ids []zerotouch.DeviceID) ([]zerotouch.Device, error) {
	var list []zerotouch.Device
	err := each(s, tx, distinct(ids), func(found *sql.Rows) error {
		d, err := scanDevice(found)
		if err == nil {
			list = append(list, *d)
		}
		return err
	}, "SELECT "+deviceColumns+" FROM b JOIN devices d ON d.id = b.id ORDER BY d.id")
	return list, err
}

// withKeys reads the devices that have one of the keys.
func (s *Store) withKeys(tx *gorm.DB, keys []zerotouch.Key) ([]zerotouch.Device, error) {
	has, err := s.keys(tx, keys)
	if err != nil {
		return nil, err
	}
	var ids []zerotouch.DeviceID
	for _, id := range has {
		ids = append(ids, id)
	}
	return s.devices(tx, ids)
}

// maxCounted is how many devices that an identifier finds are counted.
const maxCounted = 10_000

// ByIdentifier implements zerotouch.Store.
func (s *Store) ByIdentifier(ctx context.Context, partner zerotouch.PartnerID, i zerotouch.Identifier, after zerotouch.DeviceID, limit int) (list []zerotouch.Device, total int64, err error) {
	err = s.db.Read(ctx, func(tx *gorm.DB) error {
		seen, err := vendorsOf(tx, partner)
		if err != nil {
			return err
		}
		if keys := i.Keys(); len(keys) > 0 {
			list, total, err = s.oneWith(tx, seen, i, keys, after)
			return err
		}
		list, total, err = s.bySerial(tx, seen, i, after, limit)
		return err
	})
	return list, total, err
}

// oneWith finds the one device with keys, where the partner sees it and it agrees.
func (s *Store) oneWith(tx *gorm.DB, seen []zerotouch.PartnerID, i zerotouch.Identifier, keys []zerotouch.Key, after zerotouch.DeviceID) (list []zerotouch.Device, total int64, err error) {
	found, err := s.withKeys(tx, keys)
	if err != nil {
		return nil, 0, err
	}
	for _, d := range found {
		if !slices.Contains(seen, d.Registrar) || !d.Identifier.Has(i) {
			continue
		}
		if total++; d.ID > after {
			list = append(list, d)
		}
	}
	return list, total, nil
}

// lane is one of the ranges of an index that a search reads: each gives its devices
// by id, and the search has them all by id.
type lane struct {
	Customer  int64  `json:"customer_id"`
	Workspace string `json:"workspace"`
	Registrar int64  `json:"registrar"`
}

var laneBatch = countBatch[:3]

// lanes gives the ids that a search finds, at most limit, by id. where is its
// condition on a device d and a lane b, and order the columns of the index that it
// reads; params are those of where.
//
// A condition says where in the index a lane begins and ends. With equalities
// PostgreSQL may read the table by id instead, all of it where the lane has few
// devices: they would make the order by the index the same as that by id.
func (s *Store) lanes(tx *gorm.DB, lanes []lane, limit int, order, where string, params ...any) ([]zerotouch.DeviceID, error) {
	var ids []zerotouch.DeviceID
	scan := func(found *sql.Rows) error {
		var id zerotouch.DeviceID
		err := found.Scan(&id)
		ids = append(ids, id)
		return err
	}
	groups := [][]lane{lanes}
	from := " FROM b CROSS JOIN LATERAL (SELECT d.id FROM devices d WHERE " + where + " ORDER BY " + order + " LIMIT ?) AS x ORDER BY x.id LIMIT ?"
	if !s.db.Postgres() { // which has no LATERAL, and is asked without a round trip
		groups = slices.Collect(slices.Chunk(lanes, 1))
		from = " FROM (SELECT d.id FROM b JOIN devices d ON " + where + " ORDER BY " + order + " LIMIT ?) AS x ORDER BY x.id LIMIT ?"
	}
	for _, group := range groups {
		param, err := rows(group)
		if err != nil {
			return nil, err
		}
		if err := query(tx, scan, "WITH "+s.db.Batch("b", laneBatch...)+" SELECT x.id"+from, slices.Concat([]any{param}, params, []any{limit, limit})...); err != nil {
			return nil, err
		}
	}
	slices.Sort(ids)
	return ids[:min(len(ids), limit)], nil
}

// bySerial finds devices by the serial number, which several may have.
func (s *Store) bySerial(tx *gorm.DB, seen []zerotouch.PartnerID, i zerotouch.Identifier, after zerotouch.DeviceID, limit int) (list []zerotouch.Device, total int64, err error) {
	all := make([]lane, len(seen))
	for n, p := range seen {
		all[n].Registrar = int64(p)
	}
	const where = "(d.serial_key, d.registrar, d.id) > (CAST(? AS TEXT), b.registrar, CAST(? AS BIGINT)) AND (d.serial_key, d.registrar) <= (CAST(? AS TEXT), b.registrar) AND d.serial_key <> ''" +
		" AND (CAST(? AS TEXT) = '' OR d.manufacturer_key = CAST(? AS TEXT)) AND (CAST(? AS TEXT) = '' OR d.model_key = CAST(? AS TEXT)) AND (CAST(? AS TEXT) = '' OR d.type = CAST(? AS TEXT))"
	kind := string(i.Type)
	if i.Type == zerotouch.NoType {
		kind = ""
	}
	serial, manufacturer, model := zerotouch.Fold(i.Serial), zerotouch.Fold(i.Manufacturer), zerotouch.Fold(i.Model)
	find := func(after zerotouch.DeviceID, limit int) ([]zerotouch.DeviceID, error) {
		return s.lanes(tx, all, limit, "d.serial_key, d.registrar, d.id", where, serial, after, serial, manufacturer, manufacturer, model, model, kind, kind)
	}
	counted, err := find(0, maxCounted)
	if err != nil {
		return nil, 0, err
	}
	ids, err := find(after, limit)
	if err != nil {
		return nil, 0, err
	}
	list, err = s.devices(tx, ids)
	return list, int64(len(counted)), err
}

// CheckOwners implements zerotouch.Store.
func (s *Store) CheckOwners(ctx context.Context, partner zerotouch.PartnerID, owners []zerotouch.Owner) error {
	return s.db.Read(ctx, func(tx *gorm.DB) error {
		_, err := s.seenOwners(tx, partner, owners)
		return err
	})
}

// seenOwners gives the lanes of owners, of which the partner must see all customers.
func (s *Store) seenOwners(tx *gorm.DB, partner zerotouch.PartnerID, owners []zerotouch.Owner) ([]lane, error) {
	seen, err := vendorsOf(tx, partner)
	if err != nil {
		return nil, err
	}
	var customers []zerotouch.CustomerID
	for _, o := range owners {
		if o.Workspace == "" {
			customers = append(customers, o.Customer)
		}
	}
	whose := map[zerotouch.CustomerID]zerotouch.PartnerID{}
	err = each(s, tx, customers, func(found *sql.Rows) error {
		var c zerotouch.CustomerID
		var p zerotouch.PartnerID
		err := found.Scan(&c, &p)
		whose[c] = p
		return err
	}, "SELECT c.id, c.partner_id FROM b JOIN customers c ON c.id = b.id")
	if err != nil {
		return nil, err
	}
	var list []lane
	for _, o := range owners {
		if o.Workspace == "" {
			p, ok := whose[o.Customer]
			if !ok || !slices.Contains(seen, p) {
				return nil, zerotouch.ErrNoCustomer(o.Customer)
			}
			list = append(list, lane{Customer: int64(o.Customer), Registrar: int64(p)})
			continue
		}
		for _, p := range seen {
			list = append(list, lane{Workspace: o.Workspace, Registrar: int64(p)})
		}
	}
	return list, nil
}

// ByOwner implements zerotouch.Store.
func (s *Store) ByOwner(ctx context.Context, partner zerotouch.PartnerID, owners []zerotouch.Owner, after zerotouch.DeviceID, limit int) (list []zerotouch.Device, total int64, err error) {
	err = s.db.Read(ctx, func(tx *gorm.DB) error {
		asked, err := s.seenOwners(tx, partner, owners)
		if err != nil {
			return err
		}
		customers, workspaces, n, err := s.counted(tx, asked)
		if err != nil {
			return err
		}
		total = n
		var ids []zerotouch.DeviceID
		for _, one := range []struct {
			lanes        []lane
			order, where string
		}{
			{
				customers, "d.customer_id, d.id",
				"(d.customer_id, d.id) > (b.customer_id, CAST(? AS BIGINT)) AND d.customer_id <= b.customer_id AND d.customer_id > 0",
			},
			{
				workspaces, "d.workspace, d.registrar, d.id",
				"(d.workspace, d.registrar, d.id) > (b.workspace, b.registrar, CAST(? AS BIGINT)) AND (d.workspace, d.registrar) <= (b.workspace, b.registrar) AND d.workspace <> ''",
			},
		} {
			if len(one.lanes) == 0 {
				continue
			}
			found, err := s.lanes(tx, one.lanes, limit, one.order, one.where, after)
			if err != nil {
				return err
			}
			ids = append(ids, found...)
		}
		slices.Sort(ids)
		list, err = s.devices(tx, ids[:min(len(ids), limit)])
		return err
	})
	return list, total, err
}

// counted gives those of the lanes that have devices, those of customers and those
// of workspaces, and how many devices they have.
func (s *Store) counted(tx *gorm.DB, asked []lane) (customers, workspaces []lane, total int64, err error) {
	param, err := rows(asked)
	if err != nil {
		return nil, nil, 0, err
	}
	err = query(tx, func(found *sql.Rows) error {
		var l lane
		var n int64
		if err := found.Scan(&l.Customer, &l.Workspace, &l.Registrar, &n); err != nil {
			return err
		}
		if total += n; l.Workspace == "" {
			customers = append(customers, l)
		} else {
			workspaces = append(workspaces, l)
		}
		return nil
	}, "WITH "+s.db.Batch("b", laneBatch...)+" SELECT c.customer_id, c.workspace, c.registrar, c.devices FROM b JOIN device_counts c"+
		" ON c.customer_id = b.customer_id AND c.workspace = b.workspace AND c.registrar = b.registrar WHERE c.devices > 0", param)
	return customers, workspaces, total, err
}
