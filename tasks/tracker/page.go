package tracker

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"asapi/tasks"
)

// The sizes of pages.
const (
	DefaultPage = 50
	LargestPage = 1000
	// pageBytes bounds what the trackers of a page are together, however they are
	// written: clients take messages of 4 MB where nothing else is said.
	pageBytes = 3 << 20
)

// PageQuery asks for one page of a parent's trackers.
type PageQuery struct {
	Parent string
	Filter string // see ParseFilter
	Size   int    // 0: DefaultPage; above LargestPage: LargestPage
	Token  string // of the page before; empty: the first page
}

// Page is one page of trackers, in the order they were made.
type Page struct {
	Trackers []View
	Next     string // the token of the page that follows; empty: this was the last
}

// ListTrackers gives a page of the trackers that a filter selects. What exists
// all the time while the pages are read is given once, whatever others write.
// A page is shorter than asked for where its trackers would be more than pageBytes
// together; one is always given. A token that was made for another client, parent or
// filter is CodeInvalid.
func (l *Library) ListTrackers(ctx context.Context, client tasks.ClientID, q PageQuery) (Page, error) {
	var faults tasks.Faults
	owner, err := ownerNamed(client, q.Parent)
	faults = append(faults, tasks.FaultsOf(err)...)
	filter, err := ParseFilter(q.Filter)
	faults = append(faults, tasks.FaultsOf(err)...)
	if q.Size < 0 {
		faults = append(faults, invalid("page_size", "page_size must not be below 0."))
	}
	if len(faults) > 0 {
		return Page{}, faults.Err()
	}
	after, err := l.afterToken(owner, q)
	if err != nil {
		return Page{}, err
	}
	size := min(q.Size, LargestPage)
	if size == 0 {
		size = DefaultPage
	}
	list, err := l.store.Page(ctx, owner, &filter, after, size+1)
	if err != nil {
		return Page{}, err
	}
	page := Page{Trackers: list}
	if n := fitting(list[:min(size, len(list))]); n < len(list) {
		page.Trackers = list[:n]
		page.Next = l.token(owner, q.Filter, list[n-1].ID)
	}
	return page, nil
}

// fitting counts how many trackers a page has room for.
func fitting(list []View) int {
	room := pageBytes
	for i := range list {
		if room -= bytesOf(&list[i]); room < 0 && i > 0 {
			return i
		}
	}
	return len(list)
}

// bytesOf is about how many bytes a tracker takes as JSON, its longest form.
func bytesOf(v *View) int {
	const members, quotes = 250, 4
	n := members + len(v.Parent) + len(v.Own) + len(v.Resource)
	for _, name := range v.Completed {
		n += quotes + len(name)
	}
	return n
}

// A token is the id of the last tracker and the beginning of a keyed sum of it
// with all that it is bound to.
const tokenSum = 16

func (l *Library) token(owner Owner, filter string, after int64) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(after))
	bound := fmt.Appendf(nil, "page %d %q %q %d", owner.Client, owner.Parent, filter, after)
	return base64.RawURLEncoding.EncodeToString(append(b, l.sealer.Sum(bound)[:tokenSum]...))
}

func (l *Library) afterToken(owner Owner, q PageQuery) (int64, error) {
	if q.Token == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(q.Token)
	if err == nil && len(b) == 8+tokenSum {
		after := int64(binary.BigEndian.Uint64(b))
		if subtle.ConstantTimeCompare([]byte(l.token(owner, q.Filter, after)), []byte(q.Token)) == 1 {
			return after, nil
		}
	}
	return 0, invalid("page_token", "page_token is not one of this parent and this filter; take it from the page before, or leave it out to begin anew.")
}
