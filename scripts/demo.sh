#!/usr/bin/env bash
# demo.sh: one conversation with the embedded default, by curl. It prints each
# line before it runs it, and fails at the first answer that is not as expected.
set -euo pipefail
cd "$(dirname "$0")/.."

asapi=${ASAPI:-bin/asapi}
entries=${ENTRIES:-5000}
folder=$(mktemp -d)
server=

finish() {
	code=$?
	if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then
		kill -TERM "$server"
		wait "$server" || true
	fi
	if [ "$code" -ne 0 ] && [ -f "$folder/log" ]; then
		echo "The end of the server's log:" >&2
		tail -n 20 "$folder/log" >&2
	fi
	rm -rf "$folder"
	exit "$code"
}
trap finish EXIT

fail() {
	echo "demo.sh: $*" >&2
	exit 1
}

# say_and_run LINE: prints a line as a reader would type it, runs it, and prints
# the beginning of its answer, which stays in $answer.
say_and_run() {
	printf '\n$ %s\n' "$1"
	answer=$(eval "$1") || fail "this line failed: $1"
	awk 'NR <= 12 { print substr($0, 1, 400) }' <<<"$answer"
}

# expect PATTERN WHAT: the last answer holds the pattern.
expect() {
	grep -qE -- "$1" <<<"$answer" || fail "expected $2 in the answer: $answer"
}

# member NAME: the value of a member of the last answer, a JSON document.
member() {
	sed -nE 's/.*"'"$1"'": ?"?([^",}]*).*/\1/p' <<<"$answer" | head -n 1
}

# free_port: a port that nobody listens on.
free_port() {
	local port
	while port=$((20000 + RANDOM % 10000)); (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
	echo "$port"
}

# follow TOKEN TASK: polls the status until the task has ended.
follow() {
	local line="curl -sS -H 'Authorization: Token $1' -d task_ids=$2 $url/task-status/"
	printf '\n$ %s\n' "$line"
	local before=''
	for _ in $(seq 300); do
		answer=$(eval "$line") || fail "this line failed: $line"
		local now
		now="$(member status), $(member progress)%"
		[ "$now" = "$before" ] || echo "    $now"
		before=$now
		case $answer in
		*'did not complete'* | *'Publish failed'*) fail "the task failed: $answer" ;;
		*'"Publish complete"'*) return ;;
		esac
		sleep 0.1
	done
	fail "the task did not end in 30 s: $answer"
}

[ -x "$asapi" ] || fail "there is no $asapi; run: make demo"
url=http://127.0.0.1:$(free_port)

echo "1. The server: one process, nothing to install."
printf '\n$ %s\n' "asapi dev --listen ${url#http://} --data $folder/data"
"$asapi" dev --listen "${url#http://}" --data "$folder/data" >"$folder/log" 2>&1 &
server=$!
for _ in $(seq 100); do
	kill -0 "$server" 2>/dev/null || fail "the server ended at once"
	curl -sf "$url/readyz" >/dev/null 2>&1 && break
	sleep 0.1
done
say_and_run "curl -sSf $url/readyz"
answer=$(cat "$folder/data/dev-tokens.json")
channel=$(sed -nE 's/.*"aschannel": ?\{[^}]*"token": ?"([^"]*)".*/\1/p' <<<"$(tr -d '\n' <<<"$answer")")
store=$(sed -nE 's/.*"asstore": ?\{[^}]*"token": ?"([^"]*)".*/\1/p' <<<"$(tr -d '\n' <<<"$answer")")
stream=$(sed -nE 's/.*"aschannel": ?\{[^}]*"stream": ?"([^"]*)".*/\1/p' <<<"$(tr -d '\n' <<<"$answer")")
[ -n "$channel" ] && [ -n "$store" ] && [ -n "$stream" ] || fail "dev-tokens.json is not as expected"

echo
echo "2. An account, and a MyAnimeList export of $entries made-up entries."
say_and_run "curl -sS -H 'Authorization: Token $channel' -d service=tracker -d username=alice $url/register-account/"
expect '"success": ?true' 'success'
scripts/demo/make-export.sh "$entries" >"$folder/animelist.xml"

echo
echo "3. Submit an import. The answer means that the task is on the disk."
say_and_run "curl -sS -H 'Authorization: Token $channel' -F service=tracker -F action=import-trackers -F account=alice -F provider=myanimelist -F file=@$folder/animelist.xml $url/submit-task/"
expect '"task_id"' 'a task id'
import=$(member task_id)

echo
echo "4. Watch it."
follow "$channel" "$import"

echo
echo "5. Take the result from the stream. It is a connection that stays open; here curl leaves after 2 s."
say_and_run "curl -sSN --max-time 2 -H 'Authorization: Token $channel' '$url/stream/?stream=$stream' 2>/dev/null || test \$? = 28"
expect "$import" 'the task of the import'
expect "\"created\":$entries[,}]" "$entries created trackers"
say_and_run "curl -sS -H 'Authorization: Token $channel' -d task_ids=$import $url/task-status/"
expect '"result_retrieved": ?true' 'that the result is retrieved'

echo
echo "6. Another task, whose result waits in the store: export the list again."
say_and_run "curl -sS -H 'Authorization: Token $store' -d service=tracker -d action=export-trackers -d account=alice -d provider=myanimelist $url/submit-task/"
expect '"task_id"' 'a task id'
export=$(member task_id)
follow "$store" "$export"
say_and_run "curl -sSf -H 'Authorization: Token $store' -o $folder/export.xml $url/fetch/$export/"
found=$(grep -c '<series_animedb_id>' "$folder/export.xml") || fail "the export has no entries"
[ "$found" -eq "$entries" ] || fail "the export has $found entries, not $entries"
echo "    $found entries came back."
say_and_run "curl -sS -H 'Authorization: Token $store' $url/fetch/$export/"
expect 'task-result-not-found' 'that a result can be fetched once'

echo
echo "7. Stop. Started again on the same folder, it would go on where it was."
printf '\n$ kill -TERM %s\n' "$server"
kill -TERM "$server"
wait "$server" || fail "the server ended with code $?"
server=
echo
echo "All answers were as expected."
