package tracker

import "slices"

// partTypes are the types that sub-resources may have, by their collection.
// Only regular ones count for progress.
var partTypes = map[string][]string{
	"episodes": {RegularType, "RECAP", "PARODY", "PROMO", "SPECIAL", "OPENING_ENDING", "OTHER"},
	"chapters": {RegularType, "EXTRA"},
}

// PartTypes lists the types that parts of a collection (episodes, chapters) may have.
func PartTypes(parts string) []string { return slices.Clone(partTypes[parts]) }
