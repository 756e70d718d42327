package store

import (
	"cmp"
	"slices"

	"gorm.io/gorm"

	"asapi/tasks"
)

// openShards is over how many rows a client's count of open tasks is spread.
const openShards = 8

// addOpen adds to the counts of open tasks. Concurrent commits write to
// different shards, so that they do not wait for each other.
func (s *Store) addOpen(tx *gorm.DB, by map[tasks.ClientID]int64) error {
	type row struct {
		Client tasks.ClientID `json:"client_id"`
		Shard  int64          `json:"shard"`
		N      int64          `json:"n"`
	}
	shard := s.shard.Add(1) % openShards
	rows := make([]row, 0, len(by))
	for c, n := range by {
		if n != 0 {
			rows = append(rows, row{c, shard, n})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.Client, b.Client) })
	param, err := batchParam(rows)
	if err != nil {
		return err
	}
	_, err = execute(tx, s.sql.countOpen, param)
	return err
}

// sortKeys puts keys into the one order in which all commits lock them.
func sortKeys(rows []keyRow) {
	slices.SortFunc(rows, func(a, b keyRow) int {
		return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key))
	})
}
