package trackers

import (
	"database/sql"
	"strings"

	"gorm.io/gorm"

	"asapi/tasks/tracker"
)

// bare are the trackers without an entry of a list: those whose id at the
// provider is known, by the number of the tracker, and the others.
type bare struct {
	ids  map[int64]string
	left []leftOut
}

type leftOut struct {
	id       int64
	resource string
	reason   string
}

// resolvePage is how many ids are resolved at a time.
const resolvePage = 1000

// bare finds the ids that works without an entry of a list have at its provider, with
// claims as if they were kept.
func (s *Store) bare(tx *gorm.DB, owner tracker.Owner, p tracker.Provider, k tracker.Kind, claims ...tracker.Claim) (*bare, error) {
	var list []leftOut
	from, params := s.listed(owner, p, k)
	err := query(tx, func(found *sql.Rows) error {
		var one leftOut
		err := found.Scan(&one.id, &one.resource)
		list = append(list, one)
		return err
	}, "SELECT t.id, t.resource"+from+" AND r.id IS NULL ORDER BY t.id", params...)
	if err != nil {
		return nil, err
	}
	b := &bare{ids: map[int64]string{}}
	var open []leftOut
	for _, one := range list {
		if id, ok := ownID(one.resource, p, k); ok {
			b.ids[one.id] = id
		} else {
			open = append(open, one)
		}
	}
	for ; len(open) > 0; open = open[min(len(open), resolvePage):] {
		if err := s.byReference(tx, owner, p, b, open[:min(len(open), resolvePage)], claims); err != nil {
			return nil, err
		}
	}
	return b, s.once(tx, owner, p, k, b, list)
}

// ownID gives the id that a work is named after. An id of which the name holds
// only a hash is not known from it.
func ownID(resource string, p tracker.Provider, k tracker.Kind) (string, bool) {
	id, ok := tracker.NativeID(resource, p, k)
	ok = ok && !strings.Contains(resource, "~~") && (!p.Numbered() || strings.Trim(id, "0123456789") == "")
	return id, ok
}

// byReference finds ids in what is said about the works.
func (s *Store) byReference(tx *gorm.DB, owner tracker.Owner, p tracker.Provider, b *bare, page []leftOut, claims []tracker.Claim) error {
	keys := make([]tracker.RecordKey, len(page))
	for i, one := range page {
		var ok bool
		if keys[i], ok = tracker.KeyOf(one.resource); !ok {
			keys[i], _ = tracker.OwnKey(one.resource)
		}
	}
	refs, err := s.refs(tx, owner.Client, keys, claims...)
	if err != nil {
		return err
	}
	for i, one := range page {
		stands := refs.Of(keys[i])
		id, ok := stands.Find(p)
		switch {
		case ok:
			b.ids[one.id] = id.NativeID
			continue
		case stands.ApartAt(p):
			one.reason = stands.Reason()
		default:
			one.reason = "No id of this work at " + tracker.Titles[p] + " is known."
		}
		b.left = append(b.left, one)
	}
	return nil
}

// once leaves out trackers whose id another tracker of the owner has on the list.
func (s *Store) once(tx *gorm.DB, owner tracker.Owner, p tracker.Provider, k tracker.Kind, b *bare, list []leftOut) error {
	taken := map[string]bool{}
	keys := make([]tracker.RecordKey, 0, len(b.ids))
	for _, id := range b.ids {
		keys = append(keys, tracker.RecordKey{Provider: p, Kind: k, NativeID: id})
	}
	param, err := rows(keyRows(keys))
	if err != nil {
		return err
	}
	err = query(tx, func(found *sql.Rows) error {
		var id string
		err := found.Scan(&id)
		taken[id] = true
		return err
	}, s.of(keyColumns...)+" SELECT r.native_id FROM b JOIN provider_records r"+
		" ON r.client_id = b.client_id AND r.parent = b.parent AND r.provider = b.provider AND r.kind = b.kind AND r.native_id = b.native_id",
		param, owner.Client, owner.Parent)
	if err != nil {
		return err
	}
	for _, one := range list {
		id, ok := b.ids[one.id]
		if ok && taken[id] {
			delete(b.ids, one.id)
			one.reason = "Another tracker has the id of this work at " + tracker.Titles[p] + "."
			b.left = append(b.left, one)
		} else if ok {
			taken[id] = true
		}
	}
	return nil
}
