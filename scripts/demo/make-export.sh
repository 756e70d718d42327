#!/usr/bin/env bash
# make-export.sh COUNT: prints an anime list of COUNT made-up entries in the form
# in which MyAnimeList exports lists. The same COUNT gives the same list.
set -euo pipefail

awk -v count="${1:?how many entries}" '
function pick(list, n,    parts, len) { len = split(list, parts, ","); return parts[n % len + 1] }
function day(n) { return sprintf("%04d-%02d-%02d", 2015 + n % 10, n % 12 + 1, n % 28 + 1) }
function entry(n,    eps, seen, status, start, finish) {
	eps = pick("12,13,24,26,1,52", n)
	status = pick("Completed,Completed,Watching,Completed,On-Hold,Dropped,Plan to Watch", n)
	seen = status == "Completed" ? eps : status == "Plan to Watch" ? 0 : int(eps / 2)
	start = status == "Plan to Watch" ? "0000-00-00" : day(n)
	if (n % 11 == 0 && start != "0000-00-00") start = substr(start, 1, 4) "-00-00" # only the year is known
	if (n % 13 == 0 && start != "0000-00-00") start = substr(start, 1, 7) "-00"    # year and month
	finish = status == "Completed" ? sprintf("%04d-%02d-%02d", 2026, n % 12 + 1, n % 28 + 1) : "0000-00-00"
	printf "\t<anime>\n"
	printf "\t\t<series_animedb_id>%d</series_animedb_id>\n", 700000 + n
	printf "\t\t<series_title><![CDATA[%s %s %d]]></series_title>\n", pick("Paper,Winter,Harbour,Clockwork,Violet,Second,Quiet", n), pick("Lanterns,Orchard,Signal,Cats,Parade,Garden,Ferry,Atlas", n), n
	printf "\t\t<series_type>%s</series_type>\n", eps == 1 ? "Movie" : "TV"
	printf "\t\t<series_episodes>%d</series_episodes>\n\t\t<my_id>0</my_id>\n", eps
	printf "\t\t<my_watched_episodes>%d</my_watched_episodes>\n", seen
	printf "\t\t<my_start_date>%s</my_start_date>\n\t\t<my_finish_date>%s</my_finish_date>\n", start, finish
	printf "\t\t<my_rated></my_rated>\n\t\t<my_score>%d</my_score>\n", status == "Completed" ? 5 + n % 6 : 0
	printf "\t\t<my_storage></my_storage>\n\t\t<my_storage_value>0.00</my_storage_value>\n"
	printf "\t\t<my_status>%s</my_status>\n", status
	printf "\t\t<my_comments><![CDATA[%s]]></my_comments>\n", n % 9 == 0 ? "Seen with friends & \"family\"." : ""
	printf "\t\t<my_times_watched>%d</my_times_watched>\n\t\t<my_rewatch_value></my_rewatch_value>\n", n % 17 == 0
	printf "\t\t<my_priority>LOW</my_priority>\n\t\t<my_tags><![CDATA[%s]]></my_tags>\n", n % 5 == 0 ? "sea, slow" : ""
	printf "\t\t<my_rewatching>0</my_rewatching>\n\t\t<my_rewatching_ep>0</my_rewatching_ep>\n"
	printf "\t\t<my_discuss>1</my_discuss>\n\t\t<my_sns>default</my_sns>\n\t\t<update_on_import>0</update_on_import>\n"
	printf "\t</anime>\n"
}
BEGIN {
	print "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<myanimelist>\n\t<myinfo>"
	printf "\t\t<user_id>1</user_id>\n\t\t<user_name>demo</user_name>\n\t\t<user_export_type>1</user_export_type>\n"
	printf "\t\t<user_total_anime>%d</user_total_anime>\n\t</myinfo>\n", count
	for (n = 1; n <= count; n++) entry(n)
	print "</myanimelist>"
}'
