package tracker

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
)

const titlePrefix = "title-"

// TitleID derives the native id of an entry of which a file has the title only:
// "title-" and 32 digits, the beginning of the SHA-256, in hexadecimal, of the
// title's letters and digits in lower case (of the title itself where it has
// none). It never changes, since entries are found again by it.
func TitleID(title string) string {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, title)
	if plain == "" {
		plain = title
	}
	sum := sha256.Sum256([]byte(plain))
	return titlePrefix + hex.EncodeToString(sum[:16])
}

// isTitleID reports whether an id was derived from a title.
func isTitleID(id string) bool {
	digits, ok := strings.CutPrefix(id, titlePrefix)
	_, err := hex.DecodeString(digits)
	return ok && err == nil && len(digits) == 32
}
