package mangaupdates

import (
	"slices"
	"strings"

	"asapi/tasks/tracker"
)

// list is one of the lists that the site has for everybody.
type list struct {
	name   string // as the site names the file
	status tracker.Status
	words  []string // what else says it
}

// lists are in the order of the site's own numbers for them.
var lists = []list{
	{"read", tracker.Watching, []string{"reading", "current", "0"}},
	{"wish", tracker.PlannedTo, []string{"wishlist", "planned", "plan", "1"}},
	{"complete", tracker.Done, []string{"completed", "finished", "2"}},
	{"unfinished", tracker.Dropped, []string{"dropped", "3"}},
	{"hold", tracker.Paused, []string{"onhold", "paused", "4"}},
}

// listNamed finds a list by what a cell says; ok is false when it names none.
func listNamed(word string) (found list, ok bool) {
	word = strings.ToLower(strings.Join(strings.FieldsFunc(word, isBreak), ""))
	word = strings.TrimSuffix(word, "list")
	i := slices.IndexFunc(lists, func(l list) bool { return l.name == word || slices.Contains(l.words, word) })
	if i < 0 {
		return list{}, false
	}
	return lists[i], true
}

func isBreak(r rune) bool { return strings.ContainsRune(" _-.()[]", r) }

// listOf tells from the name of a file which list it is, such as
// read_2024-05-17.txt; empty: it does not tell, or names several. A name that
// begins with ._ is that of a file's properties, as archives made on a Mac have.
func listOf(file string) string {
	file = file[strings.LastIndexAny(file, `/\`)+1:]
	if strings.HasPrefix(file, "._") {
		return ""
	}
	name := ""
	for _, word := range strings.FieldsFunc(strings.ToLower(file), isBreak) {
		l, ok := listNamed(word)
		if !ok || len(word) < 4 {
			continue
		}
		if name != "" && name != l.name {
			return ""
		}
		name = l.name
	}
	return name
}

// statusList gives the list for a status; what is read again is read.
func statusList(f tracker.Facts) string {
	if f.Repeating {
		return lists[0].name
	}
	i := slices.IndexFunc(lists, func(l list) bool { return l.status == f.Status })
	if i < 0 {
		return lists[1].name
	}
	return lists[i].name
}
