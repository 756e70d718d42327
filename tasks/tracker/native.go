package tracker

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// maxNative bounds a provider's id in bytes, as a key and, escaped, as a part of
// a resource's name; a longer one is named by its hash there.
const (
	maxNative  = 500
	maxEscaped = 120
)

// hashed stands in a derived resource between what is left of an id that is too
// long and the hash of the id. No escaped id holds it.
const hashed = "~~"

// numbered are the providers whose ids are whole numbers.
var numbered = []Provider{MyAnimeList, AniList, AniDB}

// Numbered reports whether all ids of the provider are whole numbers.
func (p Provider) Numbered() bool { return slices.Contains(numbered, p) }

// Resource derives the resource of an entry that no cross reference is known
// for, such as animes/myanimelist-41457, where its kind of work usually lives.
func (k RecordKey) Resource() string { return k.ResourceIn("") }

// ResourceIn names the work of the id in a collection; empty: the kind's usual
// one. What may not stand in a resource's name is escaped as ~ and two
// hexadecimal digits for each byte.
func (k RecordKey) ResourceIn(collection string) string {
	switch {
	case k.Provider == ownName:
		return k.NativeID
	case collection == "":
		collection = collectionsOf[k.Kind][0]
	}
	return collection + "/" + string(k.Provider) + "-" + escaped(k.NativeID)
}

// CollectionPrefixes gives what the resources of a kind's works begin with.
func CollectionPrefixes(k Kind) []string {
	var prefixes []string
	for _, collection := range collectionsOf[k] {
		prefixes = append(prefixes, collection+"/")
	}
	return prefixes
}

// ResourcePrefixes gives what resources derived from a provider's ids begin
// with, one for each collection in which works of the kind may live.
func ResourcePrefixes(p Provider, k Kind) []string {
	var prefixes []string
	for _, collection := range collectionsOf[k] {
		prefixes = append(prefixes, collection+"/"+string(p)+"-")
	}
	return prefixes
}

// NativeID gives the provider's id that a resource was derived from; ok is false
// when it was not derived from one, or from one too long to stand in it.
func NativeID(resource string, p Provider, k Kind) (id string, ok bool) {
	for _, prefix := range ResourcePrefixes(p, k) {
		if rest, found := strings.CutPrefix(resource, prefix); found {
			return unescaped(rest)
		}
	}
	return "", false
}

// plain are the bytes of ids that stand for themselves in a resource's name.
func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
}

func escaped(id string) string {
	b := make([]byte, 0, len(id))
	kept := 0 // how much of b stays when the id is too long
	for i := range len(id) {
		if plain(id[i]) {
			b = append(b, id[i])
		} else {
			b = append(b, '~')
			b = append(b, strings.ToUpper(hex.EncodeToString([]byte{id[i]}))...)
		}
		if len(b) <= maxEscaped-2-sha256.Size {
			kept = len(b)
		}
	}
	if len(b) <= maxEscaped {
		return string(b)
	}
	sum := sha256.Sum256([]byte(id))
	return string(b[:kept]) + hashed + hex.EncodeToString(sum[:sha256.Size/2])
}

func unescaped(text string) (id string, ok bool) {
	var b []byte
	for i := 0; i < len(text); i++ {
		if text[i] != '~' {
			b = append(b, text[i])
			continue
		}
		if i+3 > len(text) {
			return "", false
		}
		v, err := strconv.ParseUint(text[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b = append(b, byte(v))
		i += 2
	}
	return string(b), len(b) > 0
}
