package xref

import (
	"strings"

	"asapi/tasks/tracker"
)

// columns tell whose ids a column holds.
var columns = map[string]tracker.Provider{
	"myanimelist": tracker.MyAnimeList, "anilist": tracker.AniList, "anidb": tracker.AniDB,
}

// readTSV reads a table with a title and one column for each site. The columns
// are found by their names.
func readTSV(in *lines, each func(Row) error) error {
	var names []string
	return eachLine(in, func(line int64, text []byte) error {
		cells := strings.Split(string(text), "\t")
		if names == nil {
			names = cells
			return nil
		}
		row := Row{Line: line}
		if len(cells) > len(names) {
			row.wrong("The row has %d cells, the heading %d.", len(cells), len(names))
			return each(row)
		}
		for i, cell := range cells {
			if p, ok := columns[strings.ToLower(strings.TrimSpace(names[i]))]; ok {
				row.add(p, tracker.Anime, cell)
			}
		}
		return each(row)
	})
}
