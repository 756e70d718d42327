package zerotouch

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

// AddCustomer implements zerotouch.Store.
func (s *Store) AddCustomer(ctx context.Context, c zerotouch.Customer) (zerotouch.Customer, error) {
	owners, err := rows(c.Owners)
	if err != nil {
		return c, err
	}
	admins, err := rows(c.Admins)
	if err != nil {
		return c, err
	}
	err = s.db.Tx(ctx, func(tx *gorm.DB) error {
		return tx.Raw("INSERT INTO customers (partner_id, company, owners, admins, language, created_at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
			c.Partner, c.Company, owners, admins, c.Language, store.Micros(time.Now())).Row().Scan(&c.ID)
	})
	return c, err
}

// Customers implements zerotouch.Store.
func (s *Store) Customers(ctx context.Context, partner zerotouch.PartnerID, after zerotouch.CustomerID, limit int) (list []zerotouch.Customer, total int64, err error) {
	err = s.db.Read(ctx, func(tx *gorm.DB) error {
		err := query(tx, func(found *sql.Rows) error {
			c := zerotouch.Customer{Partner: partner}
			var owners, admins string
			if err := found.Scan(&c.ID, &c.Company, &owners, &admins, &c.Language); err != nil {
				return err
			}
			list = append(list, c)
			last := &list[len(list)-1]
			return errors.Join(json.Unmarshal([]byte(owners), &last.Owners), json.Unmarshal([]byte(admins), &last.Admins))
		}, "SELECT id, company, owners, admins, language FROM customers WHERE partner_id = ? AND id > ? ORDER BY id LIMIT ?", partner, after, limit)
		if err != nil {
			return err
		}
		return tx.Raw("SELECT COUNT(*) FROM customers WHERE partner_id = ?", partner).Row().Scan(&total)
	})
	return list, total, err
}

// Vendors implements zerotouch.Store.
func (s *Store) Vendors(ctx context.Context, partner, after zerotouch.PartnerID, limit int) (list []zerotouch.Vendor, total int64, err error) {
	err = s.db.Read(ctx, func(tx *gorm.DB) error {
		err := query(tx, func(found *sql.Rows) error {
			var v zerotouch.Vendor
			err := found.Scan(&v.ID, &v.Company)
			list = append(list, v)
			return err
		}, "SELECT vendor_id, company FROM vendors WHERE partner_id = ? AND vendor_id > ? ORDER BY vendor_id LIMIT ?", partner, after, limit)
		if err != nil {
			return err
		}
		return tx.Raw("SELECT COUNT(*) FROM vendors WHERE partner_id = ?", partner).Row().Scan(&total)
	})
	return list, total, err
}

// FindVendor implements zerotouch.Store.
func (s *Store) FindVendor(ctx context.Context, partner, vendor zerotouch.PartnerID) error {
	return s.db.Read(ctx, func(tx *gorm.DB) error {
		var one int
		err := tx.Raw("SELECT 1 FROM vendors WHERE vendor_id = ? AND partner_id = ?", vendor, partner).Row().Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			return zerotouch.ErrNoVendor(vendor)
		}
		return err
	})
}

// AddVendor implements zerotouch.Store.
func (s *Store) AddVendor(ctx context.Context, partner zerotouch.PartnerID, v zerotouch.Vendor) error {
	refused := func(message string) error {
		return &tasks.Error{Code: tasks.CodeUnique, Field: "vendor", Message: message}
	}
	if partner == v.ID {
		return refused("A client is not its own vendor.")
	}
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		if s.db.Postgres() { // two that would make a chain together come one after the other
			if err := tx.Exec("SELECT pg_advisory_xact_lock(hashtextextended('zerotouch/vendors', 0))").Error; err != nil {
				return err
			}
		}
		var other, below, above int64
		err := tx.Raw("SELECT (SELECT COUNT(*) FROM vendors WHERE vendor_id = ? AND partner_id <> ?), (SELECT COUNT(*) FROM vendors WHERE partner_id = ?), (SELECT COUNT(*) FROM vendors WHERE vendor_id = ?)",
			v.ID, partner, v.ID, partner).Row().Scan(&other, &below, &above)
		switch {
		case err != nil:
			return err
		case other > 0:
			return refused("This client is the vendor of another partner already.")
		case below > 0:
			return refused("This client has vendors itself, so it cannot be one.")
		case above > 0:
			return refused("The partner is a vendor itself, so it cannot have any.")
		}
		return tx.Exec("INSERT INTO vendors (vendor_id, partner_id, company, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (vendor_id) DO UPDATE SET company = excluded.company",
			v.ID, partner, v.Company, store.Micros(time.Now())).Error
	})
}

// RemoveVendor implements zerotouch.Store.
func (s *Store) RemoveVendor(ctx context.Context, partner, vendor zerotouch.PartnerID) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		done := tx.Exec("DELETE FROM vendors WHERE vendor_id = ? AND partner_id = ?", vendor, partner)
		if done.Error == nil && done.RowsAffected == 0 {
			return zerotouch.ErrNoVendor(vendor)
		}
		return done.Error
	})
}

// vendorsOf lists the partner and its vendors.
func vendorsOf(tx *gorm.DB, partner zerotouch.PartnerID) ([]zerotouch.PartnerID, error) {
	list := []zerotouch.PartnerID{partner}
	err := query(tx, func(found *sql.Rows) error {
		var v zerotouch.PartnerID
		err := found.Scan(&v)
		list = append(list, v)
		return err
	}, "SELECT vendor_id FROM vendors WHERE partner_id = ? ORDER BY vendor_id", partner)
	return list, err
}
