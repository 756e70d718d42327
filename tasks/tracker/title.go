package tracker

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

const titlePrefix = "title-"

// TitleID derives the native id of an entry of which a file has the title only:
// "title-" and 32 digits, the beginning of the SHA-256, in hexadecimal, of the
// title with one blank for all blanks side by side and none around it. It never
// changes, since entries are found again by it.
func TitleID(title string) string {
	sum := sha256.Sum256([]byte(strings.Join(strings.Fields(title), " ")))
	return titlePrefix + hex.EncodeToString(sum[:16])
}

// isTitleID reports whether an id was derived from a title.
func isTitleID(id string) bool {
	digits, ok := strings.CutPrefix(id, titlePrefix)
	_, err := hex.DecodeString(digits)
	return ok && err == nil && len(digits) == 32
}
