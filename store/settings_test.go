package store_test

import (
	"testing"

	"asapi/store/storetest"
)

func TestPostgresTakesTheLocksOfAFrozenProcessAway(t *testing.T) {
	w := newWorld(t, storetest.Postgres(t))
	var timeout string
	w.must(w.DB().Gorm(w.ctx).Raw("SHOW idle_in_transaction_session_timeout").Row().Scan(&timeout))
	if timeout != "5s" {
		t.Errorf("a transaction that stands still keeps its locks for %q", timeout)
	}
}
