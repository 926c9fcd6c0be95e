#!/bin/sh
# Build shmbroker on Debian 12 and watch it work: several unrelated programs count the words of real
# files into one shared table, others look on, and at the end nothing is left of it.
#
#   sh docs/quickstart.sh
#
# What is missing is installed with apt-get, as root or through sudo. It works in a broker of its
# own and a temporary directory, and leaves nothing behind but build/quickstart.
set -eu
LC_ALL=C
export LC_ALL

say() {
	printf '\n== %s\n' "$*"
}

# Show a command, then run it.
run() {
	printf '$ %s\n' "$*"
	"$@"
}

die() {
	echo "quickstart: $*" >&2
	exit 1
}

# Wait up to 20 seconds until a command says yes.
eventually() {
	tries=200
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# The segments in the kernel that a process with our broker's id created.
segments() {
	ipcs -m -p | awk -v creator="$broker" '$3 == creator { print "segment", $1 }' | sort
}

# Those of them that are new: process ids come round, and what was there before is not ours.
new_segments() {
	segments | comm -23 - "$work/before"
}

cd "$(dirname "$0")/.."
. tests/support/packages.sh
# shellcheck disable=SC2086 # a list of words
packages_need $packages_build

say "Building in build/quickstart"
cmake -G Ninja -S . -B build/quickstart -DSHMB_TESTS=OFF -DSHMB_BENCH=OFF >/dev/null
cmake --build build/quickstart
PATH=$PWD/build/quickstart/client/shmctl:$PWD/build/quickstart/docs/examples:$PATH
daemon=$PWD/build/quickstart/daemon/shmbrokerd

# --- A world of its own: a directory, and in it the broker that the first program starts. ---

work=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-quickstart.XXXXXX")
broker=
producers=

finish() {
	status=$?
	trap - EXIT INT TERM
	# shellcheck disable=SC2086 # lists of process ids
	[ -z "$producers" ] || kill $producers 2>/dev/null || :
	if [ -n "$broker" ] && kill "$broker" 2>/dev/null; then
		eventually broker_is_gone || echo "quickstart: the broker does not end" >&2
	fi
	[ "$status" = 0 ] || cat "$work"/broker.log "$work"/shmbroker/broker.log 2>/dev/null || :
	rm -rf "$work"
	exit "$status"
}

broker_is_gone() {
	! kill -0 "$broker"
}

trap finish EXIT
trap 'exit 1' INT TERM

unset SHMBROKER_SOCKET NOTIFY_SOCKET
export SHMBROKER_DAEMON="$daemon"
export XDG_RUNTIME_DIR="$work"
if [ -d /run/shmbroker ]; then
	# This machine has a system broker, which all programs would go to. Leave it alone.
	export SHMBROKER_SOCKET="$work/socket"
	"$daemon" --socket "$SHMBROKER_SOCKET" 2>"$work/broker.log" &
	broker=$!
	eventually shmctl status || die "the broker did not start: $(cat "$work/broker.log")"
fi

say "The first program that wants a broker starts one"
run shmctl status
broker=$(shmctl --json status | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
[ -n "$broker" ] || die "shmctl status does not say which process the broker is"
segments >"$work/before"

# --- The main job. ---

say "Four unrelated programs count words into one table, at the same time"
# Text that every Debian has. Each program gets every fourth file.
find -L /usr/share/common-licenses -type f | sort >"$work/files"
find -L /usr/share/doc -name copyright -type f | sort | head -n 200 >>"$work/files"
split -n r/4 "$work/files" "$work/part."
mkfifo "$work/go-on" "$work/said"
for part in "$work"/part.*; do
	# Unquoted on purpose: one argument a file. They stay until their standard input ends.
	# shellcheck disable=SC2046
	wordcount --hold $(cat "$part") <"$work/go-on" >"$work/said" &
	producers="$producers $!"
done
exec 3>"$work/go-on"
timeout 60 head -n 4 "$work/said" >"$work/lines" || die "the programs did not finish counting"
cat "$work/lines"
[ "$(wc -l <"$work/lines")" -eq 4 ] || die "not all of the programs finished counting"

say "They still hold it, and everybody can see who does"
run shmctl list
run shmctl who

say "A fifth program reads the same memory"
run wordtop 10

say "Is it right? The same files, through sort and uniq"
while read -r file; do
	cat "$file"
	echo
done <"$work/files" | tr -cs 'A-Za-z' '\n' | tr '[:upper:]' '[:lower:]' | cut -c 1-47 |
	sed '/^$/d' | sort | uniq -c | awk '{ print $1, $2 }' >"$work/expected"
wordtop --all >"$work/counted"
diff "$work/expected" "$work/counted" || die "the table differs from what sort and uniq say"
awk '{ n += $1 } END { print NR " different words, " n " in all: every count is the same" }' \
	"$work/counted"

# --- The two other ways. ---

say "A program that knows System V shared memory and nothing of shmbroker"
run shmctl create demo/plain 4096 --key
[ -n "$(new_segments)" ] || die "ipcs -m does not show the segment"
key=$(shmctl key demo/plain)
echo "\$ perl: shmwrite(shmget($key, 0, 0), ...)"
perl -e '$id = shmget(hex($ARGV[0]), 0, 0) // die "shmget: $!\n";
	shmwrite($id, "hello from perl", 0, 15) || die "shmwrite: $!\n"' "$key"
echo '$ shmctl dump demo/plain'
shmctl dump demo/plain "$work/plain"
head -c 15 "$work/plain" && echo
[ "$(head -c 15 "$work/plain")" = "hello from perl" ] || die "the bytes did not arrive"
run shmctl remove demo/plain

say "A FIFO that any shell can use: what was written waits for its reader"
run shmctl fifo demo/pipe
pipe=$(shmctl --json show demo/pipe | sed -n 's/.*"path": *"\([^"]*\)".*/\1/p')
echo "\$ echo hello > $pipe"
echo hello >"$pipe"
echo "\$ head -n 1 <> $pipe"
line=$(head -n 1 <>"$pipe")
echo "$line"
[ "$line" = hello ] || die "the line did not arrive"
run shmctl remove demo/pipe

# --- The end. ---

say "One program is killed, the others leave; with the last of them the table goes"
# shellcheck disable=SC2086 # a list of process ids
set -- $producers
echo "\$ kill -9 $1"
kill -9 "$1"
exec 3>&-
for pid; do
	wait "$pid" 2>/dev/null || [ "$pid" = "$1" ] || die "a program did not end well"
done
producers=
nothing_is_listed() {
	! shmctl --json list | grep -q '"name"'
}
eventually nothing_is_listed || die "the table is still there: $(shmctl list)"
run shmctl list
echo '$ ipcs -m'
[ -z "$(new_segments)" ] || die "left behind in the kernel: $(new_segments)"
echo "nothing of ours"

say "Done. The second command is: sh tests/run.sh"
