#!/bin/sh
# The example of parsed files that programs share: the files of this machine against what readelf says of
# them, with a cold cache and a warm one; eight at once, of whom one parses each file; some that are
# killed at work; files that change, and files that make no sense.
#
#   sh tests/e2e/test_libneeds.sh SHMBROKERD SHMCTL LIBNEEDS LIBUSERS
set -eu
# shellcheck disable=SC2034 # for broker.sh
daemon=$1
shmctl=$2
libneeds=$3
libusers=$4
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"

cache=examples/elf-needs.1

# needs COMMAND...: what it prints is in $work/out, and what it says in $work/why.
needs() {
	status=0
	timeout 60 "$@" >"$work/out" 2>"$work/why" || status=$?
}

# count_in FILE WORD: the number before WORD in what one with -v has said of its work.
count_in() {
	sed -n "s/^lib[a-z]*: .*\\b\\([0-9][0-9]*\\) $2.*/\\1/p" "$1"
}

forget_all() {
	"$shmctl" remove "$cache" >/dev/null
}

# The same of 1 file each, by another parser.
readelf_needs() {
	xargs readelf -dW 2>/dev/null <"$work/elf" |
		sed -n 's/^File: //p; s/.*(NEEDED).*\[\(.*\)\]$/ \1/p' |
		awk '/^ / { print file ":" $0; next } { file = $0 }'
}

start_broker

echo "- what a few hundred files of this machine need, is what readelf says, cold and warm"
find /usr/bin /usr/sbin -maxdepth 1 -type f -size -20000k | sort | head -n 300 >"$work/files"
find /usr/lib -type f \( -name '*.so' -o -name '*.so.[0-9]*' -o -name '*.o' \) -size -20000k |
	sort | head -n 200 >>"$work/files"
# Whatever its name, only what is of this machine's kind.
kind=$(head -c 6 "$libneeds" | od -An -t x1)
while read -r file; do
	[ "$(head -c 6 "$file" | od -An -t x1)" != "$kind" ] || echo "$file"
done <"$work/files" >"$work/elf"
# Some have two names.
inodes=$(xargs stat -L -c %d:%i <"$work/files" | sort -u | wc -l)
[ "$(wc -l <"$work/elf")" -ge 20 ] || fail "there are too few files here"
readelf_needs >"$work/expected"
[ "$(wc -l <"$work/expected")" -ge 20 ] || fail "readelf does not say much"
for kind in cold warm; do
	needs xargs "$libneeds" -v <"$work/files"
	diff "$work/expected" "$work/out" || fail "$kind: not what readelf says"
	parsed=$(count_in "$work/why" "files parsed")
	[ "$kind" = cold ] || inodes_left=0
	[ "$parsed" = "${inodes_left-$inodes}" ] || fail "$kind: $parsed of $inodes files were parsed"
	[ $((parsed + $(count_in "$work/why" had))) = "$(wc -l <"$work/files")" ] ||
		fail "$kind: $(tail -n 1 "$work/why")"
done

echo "- another program has the use of it"
needs "$libusers" -v libc.so.6 /usr/bin /usr/sbin
grep -E '^/usr/s?bin/[^/]*: libc\.so\.6$' "$work/expected" | sed 's/: .*//' | sort >"$work/users"
sort "$work/out" | comm -13 - "$work/users" | grep . && fail "libusers does not find these"
[ "$(count_in "$work/why" had)" -ge "$(grep -c '^/usr/s*bin' "$work/files")" ] ||
	fail "libusers: $(cat "$work/why")"

echo "- of eight at once each file is parsed by one"
forget_all
started=
for n in 1 2 3 4 5 6 7 8; do
	xargs "$libneeds" -v <"$work/files" >"$work/out.$n" 2>"$work/why.$n" &
	started="$started $!"
done
children=$started
for pid in $started; do
	# 123: of xargs, when its program has said that some files are none.
	wait "$pid" || [ $? = 123 ] || fail "one of eight does not end well"
done
children=
parsed=0
for n in 1 2 3 4 5 6 7 8; do
	diff "$work/expected" "$work/out.$n" >"$work/diff" || fail "$n of 8: $(cat "$work/diff")"
	own=$(count_in "$work/why.$n" "files parsed")
	parsed=$((parsed + own))
done
[ "$parsed" = "$inodes" ] || fail "$parsed parsed by eight, of $inodes files"

echo "- some that are killed at work leave the others right"
mkfifo "$work/pipe"
# So many that nobody is done before a pipe is full, and he has to wait for who reads.
for _ in 1 2 3 4 5 6 7 8 9 10; do
	cat "$work/elf"
done >"$work/many"
for lines in 1 20 40 60 80 100; do
	forget_all
	# shellcheck disable=SC2046 # words
	"$libneeds" $(cat "$work/many") >"$work/pipe" 2>/dev/null &
	victim=$!
	xargs "$libneeds" <"$work/elf" >"$work/out.1" 2>"$work/why.1" &
	other=$!
	children="$victim $other"
	exec 3<"$work/pipe"
	head -n $lines <&3 >/dev/null
	kill -9 "$victim"
	xargs "$libneeds" <"$work/elf" >"$work/out.2" 2>"$work/why.2" || fail "after $lines lines"
	wait "$other" || fail "beside one that was killed after $lines lines"
	status=0
	wait "$victim" 2>/dev/null || status=$?
	[ "$status" = 137 ] || fail "the one to be killed after $lines lines ended with $status"
	exec 3<&-
	children=
	for n in 1 2; do
		diff "$work/expected" "$work/out.$n" >"$work/diff" ||
			fail "$lines lines: $n: $(cat "$work/diff")"
		[ ! -s "$work/why.$n" ] || fail "$lines lines: $n says $(cat "$work/why.$n")"
	done
done

if strace -o /dev/null true 2>/dev/null; then
	echo "- whoever waits for one that is killed as it reads the file, parses it"
	forget_all
	cp "$shmctl" "$work/read"
	sleep 0.1
	needs "$libneeds" "$work/read"
	sort "$work/out" >"$work/expected"
	is_stopped() {
		victim=$(pgrep -P "$tracer") && grep -q 'stopped by SIGSTOP' "$work/trace"
	}
	is_at_futex() {
		grep -q futex "/proc/$1/wchan"
	}
	for call in 1 2 3 4; do
		forget_all
		: >"$work/trace"
		ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" strace -o "$work/trace" -P "$work/read" \
			-e trace=pread64 -e inject=pread64:signal=STOP:when=$call \
			"$libneeds" "$work/read" >"$work/out.1" 2>&1 &
		tracer=$!
		children=$tracer
		eventually is_stopped || fail "read $call: nobody reads"
		"$libneeds" -v "$work/read" >"$work/out" 2>"$work/why" &
		other=$!
		children="$children $other $victim"
		eventually is_at_futex "$other" || fail "read $call: nobody waits for who reads"
		kill -9 "$victim"
		wait "$other" || fail "read $call: $(cat "$work/why")"
		wait "$tracer" 2>/dev/null || :
		children=
		sort "$work/out" | diff "$work/expected" - || fail "read $call: $(cat "$work/why")"
		[ "$(cat "$work/why")" = "libneeds: 1 files parsed, 0 had from the cache" ] ||
			fail "read $call: $(cat "$work/why")"
		[ ! -s "$work/out.1" ] || fail "read $call: the victim says $(cat "$work/out.1")"
	done
else
	echo "- NOT TESTED, since there is no strace or it may not trace: one that is killed as it reads a file"
fi

echo "- a file that has changed is parsed anew, one that is as it was is not"
cp "$libneeds" "$work/changing"
needs "$libneeds" -v "$work/changing"
grep -q 'libshmbroker' "$work/out" || fail "libneeds needs: $(cat "$work/out")"
# Long past the time in which it could change unseen.
touch -d '1 hour ago' "$work/changing"
for parsed in 1 0; do
	needs "$libneeds" -v "$work/changing"
	[ "$(count_in "$work/why" "files parsed")" = $parsed ] || fail "not $parsed: $(cat "$work/why")"
done
cat "$shmctl" >"$work/changing"
needs "$libneeds" -v "$work/changing"
readelf -dW "$shmctl" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' |
	sed "s|^|$work/changing: |" >"$work/expected"
diff "$work/expected" "$work/out" || fail "what it was is still said of a changed file"
[ "$(count_in "$work/why" "files parsed")" = 1 ] || fail "changed: $(cat "$work/why")"

echo "- what cannot be parsed is remembered too, and no bytes are a fault"
mkdir "$work/odd"
echo 'no program' >"$work/odd/text"
: >"$work/odd/empty"
head -c 64 "$libneeds" >"$work/odd/header"
head -c 1000 "$libneeds" >"$work/odd/half"
for at in 16 24 32 40 48 54 56 64 72 80 96 104; do
	cp "$shmctl" "$work/odd/ones.$at"
	printf '\377\377\377\377\377\377\377\377' |
		dd of="$work/odd/ones.$at" bs=1 seek="$at" conv=notrunc 2>/dev/null
done
mkfifo "$work/odd/fifo"
sleep 0.1
needs "$libneeds" -v "$work"/odd/*
[ "$status" = 1 ] || fail "odd files: status $status: $(cat "$work/why")"
for name in text empty header half ones.54 ones.56 fifo; do
	grep -q "odd/$name: [A-Z]" "$work/why" || fail "$name: nothing is said of it"
done
cp "$work/out" "$work/out.1"
grep 'odd/' "$work/why" >"$work/why.1"
needs "$libneeds" -v "$work"/odd/*
grep 'odd/' "$work/why" | diff "$work/why.1" - || fail "odd files: something else is said of them"
diff "$work/out.1" "$work/out" || fail "odd files: they need something else"
[ "$(count_in "$work/why" "files parsed")" = 0 ] || fail "odd files: $(tail -n 1 "$work/why")"
needs "$libusers" nothing "$work/odd"
[ "$status" = 0 ] || fail "libusers, odd files: $(cat "$work/why")"
[ ! -s "$work/out" ] || fail "libusers, odd files: $(cat "$work/out")"

echo "- each byte of a program's head can be another one"
for _ in $(seq 1 40); do
	cp "$shmctl" "$work/garbled"
	at=$(shuf -i 16-1000 -n 1)
	head -c 8 /dev/urandom | dd of="$work/garbled" bs=1 seek="$at" conv=notrunc 2>/dev/null
	needs "$libneeds" "$work/garbled"
	[ "$status" -le 1 ] || fail "random bytes at $at: status $status: $(cat "$work/why")"
done

echo "- garbage in the cache is no answer, and without a broker there is one"
"$libneeds" "$shmctl" | sort >"$work/expected"
# what_is_said_twice COMMAND...: the right answers, twice, and one complaint.
what_is_said_twice() {
	needs "$@" -v "$shmctl" "$shmctl"
	[ "$status" = 0 ] || fail "$*: status $status"
	sort "$work/out" | uniq -d | diff "$work/expected" - || fail "$*: $(cat "$work/why")"
	[ "$(wc -l <"$work/out")" = $((2 * $(wc -l <"$work/expected"))) ] || fail "$*: too much"
	[ "$(grep -c 'for this program alone' "$work/why")" = 1 ] || fail "$*: $(cat "$work/why")"
	[ "$(count_in "$work/why" "files parsed")" = 2 ] || fail "$*: $(cat "$work/why")"
}
"$shmctl" dump "$cache" "$work/bytes" || fail "shmctl dump"
sed 's/libc\.so\.6/libc\x01so.6/g' "$work/bytes" >"$work/garbled"
"$shmctl" load "$cache" "$work/garbled" >/dev/null || fail "shmctl load"
what_is_said_twice "$libneeds"
tr '\000' 'a' </dev/zero | head -c "$(wc -c <"$work/bytes")" >"$work/garbled"
"$shmctl" load "$cache" "$work/garbled" >/dev/null || fail "shmctl load"
what_is_said_twice "$libneeds"
what_is_said_twice env SHMBROKER_SOCKET="$work/no-socket" "$libneeds"

echo "- a wrong call is status 2"
# is_usage PROGRAM [WORD...]: such a call is.
is_usage() {
	needs "$@"
	[ "$status" = 2 ] || fail "$* ended with $status"
}
is_usage "$libneeds"
is_usage "$libneeds" -x file
is_usage "$libusers"
is_usage "$libusers" libc.so.6
needs "$libneeds" "$work/nowhere"
[ "$status" = 1 ] || fail "no file: status $status"

conclude
