package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"asapi/tasks"
)

// CreateClient implements tasks.IdentityStore.
func (s *Store) CreateClient(ctx context.Context, name string) (tasks.Client, error) {
	c := tasks.Client{Name: name, CreatedAt: time.Now().UTC().Truncate(time.Microsecond)}
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		made := false
		err := query(tx, func(rows *sql.Rows) error { made = true; return rows.Scan(&c.ID) },
			"INSERT INTO clients (name, created_at) VALUES (?, ?) ON CONFLICT (name) DO NOTHING RETURNING id", name, Micros(c.CreatedAt))
		if err == nil && !made {
			return &tasks.Error{Code: tasks.CodeUnique, Field: "name", Message: fmt.Sprintf("A client named %s exists already.", name)}
		}
		return err
	})
	return c, err
}

// ClientByName implements tasks.IdentityStore.
func (s *Store) ClientByName(ctx context.Context, name string) (tasks.Client, error) {
	c := tasks.Client{Name: name}
	var created int64
	err := s.db.Gorm(ctx).Raw("SELECT id, created_at FROM clients WHERE name = ?", name).Row().Scan(&c.ID, &created)
	if err = translate(err); tasks.CodeOf(err) == tasks.CodeNotFound {
		return c, &tasks.Error{Code: tasks.CodeNotFound, Field: "client", Message: fmt.Sprintf("There is no client named %s.", tasks.Clip(name, 64))}
	}
	c.CreatedAt = TimeOf(created)
	return c, err
}

// Clients lists all clients, oldest first.
func (s *Store) Clients(ctx context.Context) ([]tasks.Client, error) {
	var list []tasks.Client
	err := query(s.db.Gorm(ctx), func(rows *sql.Rows) error {
		var c tasks.Client
		var created int64
		if err := rows.Scan(&c.ID, &c.Name, &created); err != nil {
			return err
		}
		c.CreatedAt = TimeOf(created)
		list = append(list, c)
		return nil
	}, "SELECT id, name, created_at FROM clients ORDER BY id")
	return list, translate(err)
}

// CreateToken implements tasks.IdentityStore.
func (s *Store) CreateToken(ctx context.Context, t tasks.Token, hash [32]byte) (tasks.Token, error) {
	return s.createToken(ctx, t, hash, func(*gorm.DB, tasks.Token) error { return nil })
}

// createToken makes a token, and in the same transaction what comes with it.
func (s *Store) createToken(ctx context.Context, t tasks.Token, hash [32]byte, with func(*gorm.DB, tasks.Token) error) (tasks.Token, error) {
	t.ID = uuid.NewString()
	t.CreatedAt = time.Now().UTC().Truncate(time.Microsecond)
	if t.Ack == "" {
		t.Ack = tasks.AckAuto
	}
	allow, err := json.Marshal(t.Allow)
	if err != nil {
		return t, err
	}
	limits, err := json.Marshal(t.Limits)
	if err != nil {
		return t, err
	}
	if t.Protocol == tasks.ASChannel && t.Stream == "" {
		t.Stream = uuid.NewString()
	}
	err = s.db.Tx(ctx, func(tx *gorm.DB) error {
		if t.Protocol == tasks.ASChannel {
			if err := ownStream(tx, t.Stream, t.Client); err != nil {
				return err
			}
		}
		if err := tx.Exec("INSERT INTO tokens (id, hash, client_id, protocol, stream, ack, admin, allow, limits, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			t.ID, hexText(hash[:]), t.Client, t.Protocol, t.Stream, t.Ack, t.Admin, string(allow), string(limits), Micros(t.CreatedAt), Micros(t.ExpiresAt)).Error; err != nil {
			return err
		}
		return with(tx, t)
	})
	return t, err
}

// ownStream makes the stream the client's, or refuses another client's.
func ownStream(tx *gorm.DB, stream string, client tasks.ClientID) error {
	if err := tx.Exec("INSERT INTO streams (id, client_id) VALUES (?, ?) ON CONFLICT (id) DO NOTHING", stream, client).Error; err != nil {
		return err
	}
	var owner tasks.ClientID
	if err := tx.Raw("SELECT client_id FROM streams WHERE id = ?", stream).Row().Scan(&owner); err != nil {
		return err
	}
	if owner != client {
		return &tasks.Error{Code: tasks.CodeNotPermitted, Field: "stream", Message: "This stream belongs to another client."}
	}
	return nil
}

const callerColumns = "SELECT " + callerFields

// callerFields are what scanCaller reads, with the tables that they are in.
const callerFields = "t.id, t.client_id, t.protocol, t.stream, t.ack, t.admin, t.allow, t.limits, t.created_at, t.expires_at, t.revoked_at, c.name, c.created_at, coalesce(w.url, '')" +
	" FROM tokens t JOIN clients c ON c.id = t.client_id LEFT JOIN webhooks w ON w.token_id = t.id AND w.disabled_at = 0"

func scanCaller(rows interface{ Scan(...any) error }) (tasks.Caller, error) {
	var c tasks.Caller
	var allow, limits string
	var created, expires, revoked, clientCreated int64
	t := &c.Token
	if err := rows.Scan(&t.ID, &t.Client, &t.Protocol, &t.Stream, &t.Ack, &t.Admin, &allow, &limits, &created, &expires, &revoked, &c.Client.Name, &clientCreated, &t.Webhook); err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(allow), &t.Allow); err != nil {
		return c, fmt.Errorf("permissions of token %s: %w", t.ID, err)
	}
	if err := json.Unmarshal([]byte(limits), &t.Limits); err != nil {
		return c, fmt.Errorf("limits of token %s: %w", t.ID, err)
	}
	t.CreatedAt, t.ExpiresAt, t.RevokedAt = TimeOf(created), TimeOf(expires), TimeOf(revoked)
	c.Client.ID, c.Client.CreatedAt = t.Client, TimeOf(clientCreated)
	return c, nil
}

// Authenticate implements tasks.IdentityStore.
func (s *Store) Authenticate(ctx context.Context, hash [32]byte) (tasks.Caller, error) {
	c, err := scanCaller(s.db.Gorm(ctx).Raw(callerColumns+" WHERE t.hash = ?", hexText(hash[:])).Row())
	if err = translate(err); tasks.CodeOf(err) == tasks.CodeNotFound {
		return c, &tasks.Error{Code: tasks.CodeUnauthorized, Message: "The token is unknown."}
	}
	return c, err
}

// Tokens implements tasks.IdentityStore.
func (s *Store) Tokens(ctx context.Context, client tasks.ClientID) ([]tasks.Caller, error) {
	var list []tasks.Caller
	err := query(s.db.Gorm(ctx), func(rows *sql.Rows) error {
		c, err := scanCaller(rows)
		list = append(list, c)
		return err
	}, callerColumns+" WHERE t.client_id = ? OR ? = 0 ORDER BY t.created_at, t.id", int64(client), int64(client))
	return list, translate(err)
}

// RevokeToken implements tasks.IdentityStore.
func (s *Store) RevokeToken(ctx context.Context, id string) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		done := tx.Exec("UPDATE tokens SET revoked_at = CASE WHEN revoked_at = 0 THEN "+s.db.Now()+" ELSE revoked_at END WHERE id = ?", id)
		if done.Error == nil && done.RowsAffected == 0 {
			return &tasks.Error{Code: tasks.CodeNotFound, Field: "token", Message: "There is no token with this id."}
		}
		return done.Error
	})
}

// EndedTokens implements tasks.IdentityStore.
func (s *Store) EndedTokens(ctx context.Context, ids []string) ([]string, error) {
	return s.textsAmong(ctx, s.sql.endedTokens, ids)
}

// StreamOwner implements tasks.IdentityStore.
func (s *Store) StreamOwner(ctx context.Context, stream string) (tasks.ClientID, error) {
	var owner tasks.ClientID
	err := s.db.Gorm(ctx).Raw("SELECT client_id FROM streams WHERE id = ?", clean(stream, 200)).Row().Scan(&owner)
	return owner, translate(err)
}
