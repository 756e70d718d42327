package zerotouch

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

// list makes one page. bound says what its tokens are bound to; read gives what
// comes after a number, at most limit, and how many there are of all; id gives the
// number of one.
func list[T any](r *Registry, bound string, q PageQuery, read func(after int64, limit int) ([]T, int64, error), id func(T) int64) (Page[T], error) {
	if q.Size < 0 {
		return Page[T]{}, invalid(InvalidArgument, "pageSize", "pageSize must not be below 0.")
	}
	size := int(min(q.Size, LargestPage))
	if size == 0 {
		size = DefaultPage
	}
	after, err := r.after(bound, q.Token)
	if err != nil {
		return Page[T]{}, err
	}
	found, total, err := read(after, size+1)
	if err != nil {
		return Page[T]{}, err
	}
	page := Page[T]{List: found, Total: total}
	if len(found) > size {
		page.List = found[:size]
		page.Next = r.token(bound, id(found[size-1]))
	}
	return page, nil
}

// A token is the number that the next page comes after, and the beginning of a
// keyed sum of it with all that it is bound to.
const tokenSum = 16

func (r *Registry) token(bound string, after int64) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(after))
	sum := r.sealer.Sum(fmt.Appendf(nil, "zerotouch page %q %d", bound, after))
	return base64.RawURLEncoding.EncodeToString(append(b, sum[:tokenSum]...))
}

func (r *Registry) after(bound, token string) (int64, error) {
	if token == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil && len(b) == 8+tokenSum {
		after := int64(binary.BigEndian.Uint64(b))
		if subtle.ConstantTimeCompare([]byte(r.token(bound, after)), []byte(token)) == 1 {
			return after, nil
		}
	}
	return 0, invalid(InvalidArgument, "pageToken", "pageToken is not one of this listing; take it from the page before, or leave it out to begin anew.")
}
