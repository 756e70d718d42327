#!/usr/bin/env bash
# need.sh THING...: sees to it that the things are on this machine. What is
# missing is installed with apt where that needs no question (root, or sudo
# without a password); otherwise one sentence says what to install.
set -euo pipefail

fail() {
	echo "$*" >&2
	exit 1
}

# has THING: is it here?
has() {
	case $1 in
	go) command -v go >/dev/null ;;
	cc) command -v "${CC:-gcc}" >/dev/null && echo '#include <stdlib.h>' | "${CC:-gcc}" -E - >/dev/null 2>&1 ;;
	curl) command -v curl >/dev/null ;;
	postgresql) command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ;;
	redis) command -v redis-server >/dev/null ;;
	python3) command -v python3 >/dev/null ;;
	chromium) command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ;;
	*) fail "need.sh does not know what $1 is." ;;
	esac
}

# packages THING: Debian's and Ubuntu's names for it.
packages() {
	case $1 in
	go) echo golang-go ;;
	cc) echo gcc libc6-dev ;; # the race detector is linked by a C compiler
	redis) echo redis-server ;;
	*) echo "$1" ;;
	esac
}

missing=()
for thing in "$@"; do
	has "$thing" || missing+=("$thing")
done

if [ ${#missing[@]} -gt 0 ]; then
	names=()
	for thing in "${missing[@]}"; do
		read -ra more <<<"$(packages "$thing")"
		names+=("${more[@]}")
	done
	sentence="This needs what is missing here; install it with: apt-get install ${names[*]}"
	command -v apt-get >/dev/null || fail "$sentence"
	as=()
	if [ "$(id -u)" -ne 0 ]; then
		sudo -n true 2>/dev/null || fail "$sentence"
		as=(sudo -n)
	fi
	echo "Installing ${names[*]} with apt-get." >&2
	# Waits for other package managers, asks nothing, and takes a package list
	# that could not be refreshed for good as long as the install works.
	apt=("${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
	"${apt[@]}" update >/dev/null || true
	"${apt[@]}" install -y --no-install-recommends "${names[@]}" >/dev/null || fail "$sentence"
	for thing in "${missing[@]}"; do
		has "$thing" || fail "$sentence"
	done
fi

# An older go command fetches the version that go.mod asks for, from 1.21 on.
for thing in "$@"; do
	if [ "$thing" = go ] && ! go -C "$(dirname "$0")/.." version >/dev/null 2>&1; then
		fail "The go command here is too old; install Go $(sed -n 's/^go //p' "$(dirname "$0")/../go.mod") from https://go.dev/dl/."
	fi
done
