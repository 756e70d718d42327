package store

import (
	"strings"

	"gorm.io/gorm"
)

// dialect is what differs between PostgreSQL and SQLite.
type dialect struct{ postgres bool }

// Col is a column of a Batch: a name and a type, one of uuid, int, float, text,
// bool and bytes. Bytes travel as hexadecimal text.
type Col struct{ Name, Type string }

// Batch gives the common table expression "name AS (SELECT ...)" whose rows
// come from one parameter: a JSON array of objects with the columns' names as
// members. A statement over many rows is then one constant text with one
// parameter on both dialects, so that it is prepared once whatever the size.
func (d dialect) Batch(name string, cols ...Col) string {
	if d.postgres {
		return name + " AS MATERIALIZED (SELECT " + d.selected(cols) + " FROM json_to_recordset(?::json) AS j(" + d.declared(cols) + "))"
	}
	return name + " AS MATERIALIZED (SELECT " + d.selected(cols) + " FROM json_each(?))"
}

func (d dialect) selected(cols []Col) string {
	parts := make([]string, len(cols))
	for i, c := range cols {
		switch {
		case d.postgres && c.Type == "bytes":
			parts[i] = "decode(" + c.Name + ", 'hex') AS " + c.Name
		case d.postgres:
			parts[i] = c.Name
		case c.Type == "bytes":
			parts[i] = "unhex(json_extract(value, '$." + c.Name + "')) AS " + c.Name
		default:
			parts[i] = "json_extract(value, '$." + c.Name + "') AS " + c.Name
		}
	}
	return strings.Join(parts, ", ")
}

// declared gives the column list of json_to_recordset.
func (d dialect) declared(cols []Col) string {
	types := map[string]string{"uuid": "uuid", "int": "bigint", "float": "double precision", "text": "text", "bool": "boolean", "bytes": "text"}
	parts := make([]string, len(cols))
	for i, c := range cols {
		t, ok := types[c.Type]
		if !ok {
			panic("store: a batch has no column type " + c.Type)
		}
		parts[i] = c.Name + " " + t
	}
	return strings.Join(parts, ", ")
}

// Now is the SQL expression for the database's clock in Unix microseconds.
func (d dialect) Now() string {
	if d.postgres {
		return "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
	}
	return "CAST(unixepoch('subsec') * 1000000 AS INTEGER)"
}

// minute is the SQL expression for the database's clock in Unix minutes.
func (d dialect) minute() string { return "(" + d.Now() + " / 60000000)" }

// ForUpdate locks the rows a SELECT found until the transaction ends. SQLite
// has one writer, who needs no such lock.
func (d dialect) ForUpdate() string {
	if d.postgres {
		return " FOR UPDATE"
	}
	return ""
}

// forShare keeps others from changing the rows of a table that a SELECT found.
func (d dialect) forShare(table string) string {
	if d.postgres {
		return " FOR SHARE OF " + table
	}
	return ""
}

// forKeyShare keeps others from deleting the rows of a table that a SELECT found, but
// not from changing them: who renews something that is always in use would else wait
// for ever, since those who use it do not queue behind him.
func (d dialect) forKeyShare(table string) string {
	if d.postgres {
		return " FOR KEY SHARE OF " + table
	}
	return ""
}

// skipLocked takes what others have not locked.
func (d dialect) skipLocked() string {
	if d.postgres {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}

// idFrom is the condition that a column of ids is one that a SELECT gives. The
// SELECT runs once, whatever the planner thinks: it may limit and lock.
func (d dialect) idFrom(column, query string) string {
	if d.postgres {
		return column + " = ANY(ARRAY(" + query + "))"
	}
	return column + " IN (" + query + ")"
}

// rowFrom is the condition that a row is one that "FROM ... LIMIT" finds.
func (d dialect) rowFrom(query string) string {
	if d.postgres {
		return "ctid = ANY(ARRAY(SELECT ctid " + query + "))"
	}
	return "rowid IN (SELECT rowid " + query + ")"
}

// lockedStreams and joinLocked make a statement over v lock the rows of its
// streams first. SQLite has one writer.
func (d dialect) lockedStreams() string {
	if d.postgres {
		return ", locked AS MATERIALIZED (SELECT id FROM streams WHERE id IN (SELECT stream FROM v) ORDER BY id FOR NO KEY UPDATE)"
	}
	return ""
}

func (d dialect) joinLocked() string {
	if d.postgres {
		return " LEFT JOIN locked ON locked.id = v.stream"
	}
	return ""
}

// oneClaimer lets one transaction at a time claim messages of a stream, so that
// ranges never overlap. It does not wait for those who add messages.
func (d dialect) oneClaimer(tx *gorm.DB, stream string) error {
	if !d.postgres {
		return nil // SQLite has one writer
	}
	return tx.Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", stream).Error
}

// uuid casts a text parameter to the type of ids.
func (d dialect) uuid() string {
	if d.postgres {
		return "?::uuid"
	}
	return "?"
}

// idIs is the condition that a column of ids is that of a row of a Batch. PostgreSQL
// gets it as a list of one: it looks that up for each row, where it would go through all
// that lies between the ends of a range for each. Two more parameters are the lowest and
// the highest of the ids (see reach), so that it opens their partitions only, and reads
// no more than what lies between them where it knew no rows when it planned.
func (d dialect) idIs(column, of string) string {
	if d.postgres {
		return column + " = ANY(ARRAY[" + of + "]) AND " + column + " BETWEEN ?::uuid AND ?::uuid"
	}
	return column + " = " + of + " AND ? <= ?"
}

// idIn is the condition that a column of ids is one of those in a parameter
// that idList makes. On PostgreSQL it also says between which ids they are: a list
// alone makes it look into every partition.
func (d dialect) idIn(column string) string {
	if d.postgres {
		return column + " = ANY(?::uuid[]) AND " + column + " BETWEEN (" + again + "::uuid[])[1] AND (" + again + "::uuid[])[cardinality(" + again + "::uuid[])]"
	}
	return column + " IN (SELECT value FROM json_each(?))"
}
