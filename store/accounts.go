package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gorm.io/gorm"

	"asapi/tasks"
)

// errNoAccount is what a missing or deregistered account answers.
func errNoAccount(field string) error {
	return &tasks.Error{Code: tasks.CodeNoSuchAccount, Field: field, Message: "No account with this service and username is registered."}
}

const accountKey = " WHERE client_id = ? AND service = ? AND username = ?"

// RegisterAccount implements tasks.AccountStore.
func (s *Store) RegisterAccount(ctx context.Context, a tasks.Account) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		done := tx.Exec("INSERT INTO accounts (client_id, service, username, registered_at) VALUES (?, ?, ?, "+s.db.Now()+")"+
			" ON CONFLICT (client_id, service, username) DO UPDATE SET registered_at = excluded.registered_at, deregistered_at = 0"+
			" WHERE accounts.deregistered_at > 0 AND NOT accounts.erasing", a.Client, a.Service, a.Username)
		if done.Error != nil || done.RowsAffected > 0 {
			return done.Error
		}
		var erasing bool
		if err := tx.Raw("SELECT erasing FROM accounts"+accountKey, a.Client, a.Service, a.Username).Row().Scan(&erasing); err != nil {
			return err
		}
		if erasing {
			return errErasing
		}
		return &tasks.Error{Code: tasks.CodeUnique, Field: tasks.AllFields, Message: "Account with this Service, Client and Username already exists"}
	})
}

// DeregisterAccount implements tasks.AccountStore.
func (s *Store) DeregisterAccount(ctx context.Context, a tasks.Account, erase bool) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		current := " AND deregistered_at = 0"
		if erase { // what was deregistered before can still be erased
			current = " AND NOT erasing"
		}
		done := tx.Exec("UPDATE accounts SET deregistered_at = "+s.db.Now()+", erasing = ?"+accountKey+current, erase, a.Client, a.Service, a.Username)
		if done.Error == nil && done.RowsAffected == 0 {
			return errNoAccount("username")
		}
		if done.Error != nil {
			return done.Error
		}
		return tx.Exec("DELETE FROM subscriptions WHERE client_id = ? AND service = ? AND account = ?", a.Client, a.Service, a.Username).Error
	})
}

// EnsureAccount registers an account inside the transaction in which a service
// writes for it: one that does not exist, or was deregistered and keeps what it
// owns. While it is being erased the transaction must fail: CodeUnavailable.
// The account cannot be erased before the transaction ends.
func (db *DB) EnsureAccount(tx *gorm.DB, a tasks.Account) error {
	var deregistered int64
	var erasing bool
	err := tx.Raw("SELECT deregistered_at, erasing FROM accounts"+accountKey+db.forShare("accounts"), a.Client, a.Service, a.Username).Row().Scan(&deregistered, &erasing)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return err
	case erasing:
		return errErasing
	case deregistered == 0:
		return nil
	}
	return tx.Exec("INSERT INTO accounts (client_id, service, username, registered_at) VALUES (?, ?, ?, "+db.Now()+")"+
		" ON CONFLICT (client_id, service, username) DO UPDATE SET registered_at = excluded.registered_at, deregistered_at = 0"+
		" WHERE accounts.deregistered_at > 0 AND NOT accounts.erasing", a.Client, a.Service, a.Username).Error
}

// EnsureAccounts is EnsureAccount for many accounts of one service, but for
// those that were deregistered: they stay so.
func (db *DB) EnsureAccounts(tx *gorm.DB, client tasks.ClientID, service string, usernames []string) error {
	type row struct {
		Username string `json:"username"`
	}
	list := make([]row, len(usernames))
	for i, name := range usernames {
		list[i].Username = name
	}
	param, err := batchParam(list)
	if err != nil {
		return err
	}
	batch := "WITH " + db.Batch("b", Col{"username", "text"})
	err = tx.Exec(batch+" INSERT INTO accounts (client_id, service, username, registered_at)"+
		" SELECT CAST(? AS BIGINT), CAST(? AS TEXT), username, "+db.Now()+" FROM b WHERE true ORDER BY username ON CONFLICT (client_id, service, username) DO NOTHING",
		param, client, service).Error
	if err != nil {
		return err
	}
	return query(tx, func(rows *sql.Rows) error {
		var erasing bool
		if err := rows.Scan(&erasing); err != nil {
			return err
		}
		if erasing {
			return errErasing
		}
		return nil
	}, batch+" SELECT a.erasing FROM b JOIN accounts a ON a.client_id = ? AND a.service = ? AND a.username = b.username"+db.forShare("a"), param, client, service)
}

// errErasing is what an account answers that is about to be gone.
var errErasing = &tasks.Error{Code: tasks.CodeUnavailable, Field: tasks.AllFields, Message: "This account is being erased; register it again in a moment.", RetryAfter: time.Second}

// FindAccount implements tasks.AccountStore.
func (s *Store) FindAccount(ctx context.Context, a tasks.Account) error {
	var one int
	err := translate(s.db.Gorm(ctx).Raw("SELECT 1 FROM accounts"+accountKey+" AND deregistered_at = 0", a.Client, a.Service, a.Username).Row().Scan(&one))
	if tasks.CodeOf(err) == tasks.CodeNotFound {
		return errNoAccount("account")
	}
	return err
}

// Accounts implements tasks.AccountStore.
func (s *Store) Accounts(ctx context.Context, client tasks.ClientID) ([]tasks.Account, error) {
	return s.accounts(ctx, "client_id = ? AND deregistered_at = 0 ORDER BY service, username", client)
}

// Erasing implements tasks.AccountStore.
func (s *Store) Erasing(ctx context.Context, limit int) ([]tasks.Account, error) {
	return s.accounts(ctx, "erasing LIMIT ?", limit)
}

func (s *Store) accounts(ctx context.Context, where string, params ...any) ([]tasks.Account, error) {
	list := []tasks.Account{}
	err := query(s.db.Gorm(ctx), func(rows *sql.Rows) error {
		var a tasks.Account
		var registered int64
		if err := rows.Scan(&a.Client, &a.Service, &a.Username, &registered); err != nil {
			return err
		}
		a.RegisteredAt = TimeOf(registered)
		list = append(list, a)
		return nil
	}, "SELECT client_id, service, username, registered_at FROM accounts WHERE "+where, params...)
	return list, translate(err)
}

// Erased implements tasks.AccountStore.
func (s *Store) Erased(ctx context.Context, a tasks.Account) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM accounts"+accountKey+" AND erasing", a.Client, a.Service, a.Username).Error
	})
}
