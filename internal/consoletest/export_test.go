package consoletest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// export writes a made-up anime list in the form in which MyAnimeList exports
// lists, and gives its path.
func export(t *testing.T, entries int) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<myanimelist>\n<myinfo><user_id>1</user_id><user_name>somebody</user_name>"+
		"<user_export_type>1</user_export_type><user_total_anime>%d</user_total_anime></myinfo>\n", entries)
	for n := range entries {
		fmt.Fprintf(&b, "<anime><series_animedb_id>%d</series_animedb_id><series_title><![CDATA[A Quiet Harbour %d]]></series_title>"+
			"<series_type>TV</series_type><series_episodes>12</series_episodes><my_id>0</my_id><my_watched_episodes>%d</my_watched_episodes>"+
			"<my_start_date>2024-01-%02d</my_start_date><my_finish_date>0000-00-00</my_finish_date><my_rated></my_rated><my_score>%d</my_score>"+
			"<my_storage></my_storage><my_status>Watching</my_status><my_comments><![CDATA[]]></my_comments><my_times_watched>0</my_times_watched>"+
			"<my_rewatch_value></my_rewatch_value><my_tags><![CDATA[]]></my_tags><my_rewatching>0</my_rewatching>"+
			"<my_rewatching_ep>0</my_rewatching_ep><update_on_import>0</update_on_import></anime>\n", 800000+n, n, n%12, n%28+1, n%10)
	}
	b.WriteString("</myanimelist>\n")
	path := filepath.Join(t.TempDir(), "animelist.xml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
