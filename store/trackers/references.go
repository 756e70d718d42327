package trackers

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// everyone is the client of what is said for all clients.
const everyone tasks.ClientID = 0

// fromList is the source of what list files say.
const fromList = "list"

const (
	// maxHops bounds how far ids are followed from those that are asked for.
	// A work has one id at each provider: more hops lead to nothing that is
	// one to one.
	maxHops = 8
	// maxSaid bounds how many rows may name one id: reading what is said of
	// an id stays cheap whatever somebody loads.
	maxSaid = 50
)

// nodeRow is an id in a batch, as one client sees it.
type nodeRow struct {
	keyRow
	Client tasks.ClientID `json:"client"`
}

var nodeColumns = append(slices.Clip(keyColumns), store.Col{Name: "client", Type: "int"})

// salt makes the hash of a row's ids the name of the row, and back: equal ids in
// files of other clients or sources are other rows.
func salt(client tasks.ClientID, source string) int64 {
	h := sha256.Sum256(fmt.Appendf(nil, "%d %s", client, source))
	return int64(binary.BigEndian.Uint64(h[:]))
}

// known is what the database holds about some ids.
type known struct {
	sayings []tracker.Saying
	rows    map[int64]int             // the saying that a row is
	count   map[tracker.RecordKey]int // how many rows name the id
}

// said reads what is said about the ids, and about those they lead to, for the
// clients.
func (s *Store) said(tx *gorm.DB, clients []tasks.ClientID, keys []tracker.RecordKey) (*known, error) {
	found := &known{rows: map[int64]int{}, count: map[tracker.RecordKey]int{}}
	asked := map[tracker.RecordKey]bool{}
	for range maxHops {
		var ask []nodeRow
		for _, k := range keys {
			if k.Related() && !asked[k] {
				asked[k] = true
				for _, c := range clients {
					ask = append(ask, nodeRow{keyRow{string(k.Provider), string(k.Kind), k.NativeID}, c})
				}
			}
		}
		if len(ask) == 0 {
			break
		}
		var err error
		if keys, err = s.hop(tx, found, ask); err != nil {
			return nil, err
		}
	}
	return found, nil
}

const saidOf = ", hit AS MATERIALIZED (SELECT DISTINCT c.row_id FROM b" +
	" JOIN crossrefs c ON c.provider = b.provider AND c.native_id = b.native_id AND c.kind = b.kind AND c.client_id = b.client" +
	" WHERE NOT EXISTS (SELECT 1 FROM crossref_loads l WHERE l.id = c.load_id))" +
	" SELECT m.row_id, m.client_id, m.source, m.provider, m.kind, m.native_id FROM hit JOIN crossrefs m ON m.row_id = hit.row_id ORDER BY m.row_id"

// hop adds the rows that name the ids, and gives the ids of those that are new.
func (s *Store) hop(tx *gorm.DB, into *known, ask []nodeRow) ([]tracker.RecordKey, error) {
	param, err := rows(ask)
	if err != nil {
		return nil, err
	}
	before := len(into.sayings)
	var keys []tracker.RecordKey
	err = query(tx, func(found *sql.Rows) error {
		var row int64
		var client tasks.ClientID
		var source string
		var k tracker.RecordKey
		if err := found.Scan(&row, &client, &source, &k.Provider, &k.Kind, &k.NativeID); err != nil {
			return err
		}
		at, ok := into.rows[row]
		if !ok {
			at = len(into.sayings)
			into.rows[row] = at
			into.sayings = append(into.sayings, tracker.Saying{Rank: rankOf(client, source), Alias: source == tracker.AliasSource})
		}
		if at >= before {
			into.sayings[at].Keys = append(into.sayings[at].Keys, k)
			into.count[k]++
			keys = append(keys, k)
		}
		return nil
	}, "WITH "+s.db.Batch("b", nodeColumns...)+saidOf, param)
	return keys, err
}

func rankOf(client tasks.ClientID, source string) tracker.Rank {
	switch {
	case source == fromList:
		return tracker.FromList
	case client == everyone:
		return tracker.ForAll
	}
	return tracker.ForClient
}
