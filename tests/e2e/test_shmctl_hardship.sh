#!/bin/sh
# What shmctl says and how it ends when its surroundings fail: a terminal that is too small or missing, a
# reader that has gone, a transfer that is interrupted, a broker that goes away, very many objects with very
# long names, and no room for what it prints.
#
#   sh tests/e2e/test_shmctl_hardship.sh SHMBROKERD SHMCTL COMPLETION
set -eu
daemon=$1
shmctl=$2
completion=$3
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"
# shellcheck source=SCRIPTDIR/../support/shmctl.sh
. "$(dirname "$0")/../support/shmctl.sh"
# shellcheck source=SCRIPTDIR/../support/terminal.sh
. "$(dirname "$0")/../support/terminal.sh"

size=$((4 * 1048576))
many=5000

# says TEXT: the line that was said last is TEXT, a regular expression.
says() {
	grep -q -x -e "shmctl: $1" "$work/why" || fail "does not say \"$1\": $(cat "$work/why")"
}

# ends STATUS WHAT: the child $last ends so, and has said one line in $work/why when that is not 0.
ends() {
	want=$1
	eventually gone "$last" || {
		fail "$2 does not end"
		kill -9 "$last"
	}
	status=0
	wait "$last" || status=$?
	judge "$2"
}

# is_in PID STATE: so the kernel says in /proc/PID/stat.
is_in() {
	case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in
	"$2"*) return 0 ;;
	*) return 1 ;;
	esac
}

# The broker dies at once, and another begins in its place.
die() {
	kill -9 "$broker"
	wait "$broker" 2>/dev/null || :
}

begin_again() {
	segments_of "$broker" >"$work/segments.before"
	"$daemon" --socket "$SHMBROKER_SOCKET" "$@" 2>>"$work/broker.log" &
	broker=$!
	# What the one before has made is this one's.
	: >"$work/segments.$broker"
	echo "$broker" >>"$work/brokers"
	eventually "$shmctl" status || fail "the broker does not start again"
}

# state_is NAME STATE
state_is() {
	[ "$("$shmctl" --json show "$1" | jq -r .state)" = "$2" ]
}

start_broker
mkfifo "$work/pipe" "$work/gone"
mkdir "$work/files"
run 0 create plain/one $size
printf 'x\n' >"$work/value"
run 0 state set state/one "$work/value" --create
printf 'a\n' | "$shmctl" stream send stream/one --create
head -c $size /dev/urandom >"$work/bytes"
run 0 load plain/one "$work/bytes"

echo "- no terminal"
refused 1 'wants a terminal, and standard output is none; print plain lines with --count' top

echo "- a reader that has gone, and a descriptor that is closed"
# A pipe with nobody at its other end.
# shellcheck disable=SC2094 # a FIFO
exec 4<>"$work/gone" 5>"$work/gone" 4>&-
for command in "list" "--json list" "who" "show plain/one" "graph" "metrics" "--json status" "help" \
	"dump plain/one" "watch" "--json watch" "state watch state/one" "stream recv stream/one" \
	"stream recv stream/one --oldest" "top --count 1000 --interval 100ms"; do
	# shellcheck disable=SC2086 # several words
	"$shmctl" $command >&5 2>"$work/why" </dev/null &
	last=$!
	children=$last
	ends 1 "$command to a reader that has gone"
	says '\(cannot write to standard output: Broken pipe.*\|nobody reads standard output any more\)'
	case $command in
	watch | '--json watch' | 'stream recv stream/one') continue ;; # they have nothing to write yet
	esac
	want=1 status=0
	# shellcheck disable=SC2086
	timeout 30 "$shmctl" $command >&- 2>"$work/why" </dev/null || status=$?
	judge "$command to a closed descriptor"
	says 'cannot write to standard output: Bad file descriptor.*'
done
exec 5>&-
children=

echo "- an interrupted dump, to a pipe"
number=15
for signal in TERM HUP; do
	exec 4<>"$work/pipe"
	"$shmctl" dump plain/one >"$work/pipe" 2>"$work/why" 4<&- &
	last=$!
	children=$last
	head -c 100000 <&4 >/dev/null
	kill -s $signal "$last"
	ends "$((128 + number))" "dump that got SIG$signal"
	says "cannot write to standard output: SIG$signal came; [0-9]* of $size bytes are there"
	exec 4<&-
	number=1
done

echo "- an interrupted dump, to a file"
run 0 create large/one 256M --backing memfd
echo before >"$work/files/file"
chmod 640 "$work/files/file"
# It is stopped while its file has no name yet; where it was too quick for us, again.
begun() {
	find "$work/files" -name '.shmctl-*' | grep -q .
}
caught=
for _ in 1 2 3 4 5 6 7 8 9 10; do
	"$shmctl" dump large/one "$work/files/file" 2>"$work/why" &
	last=$!
	children=$last
	until begun || gone "$last"; do :; done
	kill -STOP "$last" 2>/dev/null || :
	until is_in "$last" T || gone "$last"; do :; done
	if begun; then
		caught=yes
		break
	fi
	kill -CONT "$last" 2>/dev/null || :
	wait "$last" || fail "dump ended with $?"
	echo before >"$work/files/file"
done
[ "$caught" ] || fail "no dump was caught at work"
[ "$(cat "$work/files/file")" = before ] || fail "a dump changes the file before it is whole"
kill -TERM "$last"
kill -CONT "$last"
ends 143 "dump that is interrupted"
says "cannot write to .*/file: SIGTERM came; it is as it was before"
[ "$(cat "$work/files/file")" = before ] || fail "an interrupted dump costs the file"
[ "$(ls -A "$work/files")" = file ] || fail "an interrupted dump leaves $(ls -A "$work/files")"
children=
run 0 dump plain/one "$work/files/file"
cmp "$work/files/file" "$work/bytes" || fail "the file has other bytes"
[ "$(stat -c %a "$work/files/file")" = 640 ] || fail "the file has another mode"
# Those of another group than the writer's, and nobody else.
if [ "$(id -u)" = 0 ]; then
	chgrp 12345 "$work/files/file"
	run 0 dump plain/one "$work/files/file"
	[ "$(stat -c '%a %g' "$work/files/file")" = "640 12345" ] || fail "the file is for others: $(stat -c '%a %g' "$work/files/file")"
	# Who cannot give it to that group gives his own no more than everybody has.
	let_others_in
	run 0 create open/one 4K --mode 0644 --backing memfd
	mkdir "$work/theirs"
	echo before >"$work/theirs/file"
	chmod 664 "$work/theirs/file"
	chown -R 12345:0 "$work/theirs"
	other 0 dump open/one "$work/theirs/file"
	[ "$(stat -c '%a %g' "$work/theirs/file")" = "644 12345" ] ||
		fail "the file is for others: $(stat -c '%a %g' "$work/theirs/file")"
	run 0 remove open/one
else
	echo "NOT TESTED: a file of another group, which takes root"
fi
ln -s file "$work/files/link"
run 0 dump state/one "$work/files/link"
[ -h "$work/files/link" ] || fail "a link is no link any more"
run 0 remove large/one

echo "- an interrupted load"
run 0 create kept/one $size
for how in kept created fresh; do
	exec 4<>"$work/pipe"
	option=
	case $how in
	kept) name=kept/one tells='has the bytes up to there' ;;
	created) name=made/one option="--create --size $size" tells='was not created' ;;
	fresh)
		name=kept/two tells='is still not initialised'
		run 0 create kept/two $size
		run 0 replace kept/two
		;;
	esac
	# shellcheck disable=SC2086 # options
	"$shmctl" load $name $option <"$work/pipe" >"$work/out" 2>"$work/why" 4>&- &
	last=$!
	children=$last
	head -c 60000 "$work/bytes" >&4
	# All of it has been taken: more than a pipe holds has been put in.
	head -c 60000 "$work/bytes" >&4
	kill -s TERM "$last"
	ends 143 "load that is interrupted, $how"
	says "cannot read all of standard input: SIGTERM came; \"$name\" $tells"
	exec 4>&-
	[ ! -s "$work/out" ] || fail "it printed $(cat "$work/out")"
done
children=
run 0 dump kept/one "$work/half"
cmp -n 60000 "$work/half" "$work/bytes" || fail "kept/one has other bytes"
state_is kept/one ready || fail "kept/one is not ready"
refused 1 'does not exist' show made/one
eventually state_is kept/two fresh || fail "kept/two is not fresh"
run 0 load kept/two "$work/bytes"
state_is kept/two ready || fail "kept/two cannot be loaded after all"

echo "- a load that is interrupted when it has all its bytes, and is not ready yet"
caught=
for _ in 1 2 3 4 5 6 7 8 9 10; do
	exec 4<>"$work/pipe"
	"$shmctl" load made/late --create --size $size <"$work/pipe" >"$work/out" 2>"$work/why" 4>&- &
	last=$!
	children=$last
	head -c 120000 "$work/bytes" >&4
	kill -STOP "$broker"
	until is_in "$broker" T; do :; done
	exec 4>&-
	eventually is_in "$last" S || fail "load does not wait for the broker"
	kill -TERM "$last"
	kill -CONT "$broker"
	ends 143 "load that is interrupted late"
	[ ! -s "$work/out" ] || fail "it printed $(cat "$work/out")"
	if grep -q ' too late: ' "$work/why"; then
		caught=yes
		break
	fi
	# It still waited for bytes.
	says 'cannot read all of standard input: SIGTERM came; "made/late" was not created'
	refused 1 'does not exist' show made/late
done
children=
[ "$caught" ] || fail "no load was caught when it had its bytes"
says 'SIGTERM came too late: "made/late" has all of standard input and stays'
state_is made/late ready || fail "an interrupted load leaves made/late uninitialised"
run 0 dump made/late "$work/half"
cmp -n 120000 "$work/half" "$work/bytes" || fail "made/late has other bytes"
run 0 remove made/late

# signalled WHEN ARGUMENT...: SIGTERM comes to shmctl before the packets that it sends WHEN, as strace has it.
# $ended is its exit status, and $work/heard what it said.
signalled() {
	when=$1
	shift
	ended=0
	ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" timeout 60 strace -o /dev/null -e trace=sendto \
		-e inject="sendto:signal=TERM:when=$when" "$shmctl" "$@" >"$work/printed" 2>"$work/heard" &
	wait $! || ended=$?
}

# at_each_step ARGUMENT...: a signal comes to shmctl before each packet that it sends. What it makes has the
# name made/step, and is ready, or is not there. Where one comes before each packet that follows, too, it ends
# at once, whatever it leaves.
at_each_step() {
	step=0 ended=143
	: >"$work/said"
	while [ "$ended" = 143 ]; do
		step=$((step + 1))
		signalled "$step+" "$@"
		twice=$ended
		"$shmctl" remove made/step >/dev/null 2>&1 || :
		signalled $step "$@"
		cat "$work/heard" >>"$work/said"
		[ "$twice" = "$ended" ] || fail "$*: ended with $ended by one signal, by more with $twice"
		run 0 --json list made/
		json '[.objects[] | select(.state != "ready")] == []'
		! grep -q made/step "$work/out" || run 0 remove made/step
	done
	[ "$ended" = 0 ] || fail "$*: ended with $ended: $(cat "$work/said")"
	[ $step -gt 4 ] || fail "$*: a signal came only $((step - 1)) times"
}

is_traced() {
	grep -q '^TracerPid:.*[1-9]' "/proc/$broker/status"
}

# without_ready ARGUMENT...: the disk is full when the broker writes down that an object is ready, and only then.
without_ready() {
	strace -o /dev/null -p "$broker" -e inject=pwrite64:error=ENOSPC:when=2 2>/dev/null &
	tracer=$!
	children=$tracer
	eventually is_traced || fail "the broker cannot be traced"
	refused 1 '"made/step" stays as it was: the broker cannot write down what it would be' "$@"
	kill "$tracer"
	wait "$tracer" || :
	children=
	refused 1 'does not exist' show made/step
}

echo "- a signal at any step of what makes an object"
if strace -o /dev/null true 2>/dev/null; then
	at_each_step create made/step 4K
	[ ! -s "$work/said" ] || fail "create said $(cat "$work/said")"
	at_each_step load made/step "$work/bytes" --create
	for text in 'cannot read all of .*/bytes: SIGTERM came; "made/step" was not created' \
		'SIGTERM came too late: "made/step" has all of .*/bytes and stays'; do
		[ "$(grep -c -x -e "shmctl: $text" "$work/said")" = 1 ] ||
			fail "does not say \"$text\" once: $(cat "$work/said")"
	done
	[ "$(wc -l <"$work/said")" = 2 ] || fail "load said more: $(cat "$work/said")"
	echo "- an object that cannot be made ready"
	without_ready create made/step 4K
	without_ready load made/step "$work/bytes" --create
else
	echo "NOT TESTED, since there is no strace or it may not trace"
fi

echo "- a source that ends early"
printf 'abc' | "$shmctl" load kept/one >"$work/out" 2>"$work/why" || fail "it is no failure: $(cat "$work/why")"
printed 'kept/one: 3 bytes loaded into 4M'

echo "- a broker that dies meanwhile"
# Before it comes back they have moved all their bytes, and two of them need nothing of it.
exec 4<>"$work/pipe"
"$shmctl" dump plain/one >"$work/pipe" 2>"$work/why" 4<&- &
last=$!
children=$last
head -c 100000 <&4 >"$work/half"
die
head -c $((size - 100000)) <&4 >>"$work/half"
ends 0 "dump whose broker dies"
cmp "$work/half" "$work/bytes" || fail "dump whose broker dies has other bytes"
exec 4<&-
begin_again
for how in kept fresh; do
	exec 4<>"$work/pipe"
	[ $how = kept ] || run 0 replace kept/one
	"$shmctl" load kept/one <"$work/pipe" >"$work/out" 2>"$work/why" 4>&- &
	last=$!
	children=$last
	head -c 100000 "$work/bytes" >&4
	die
	exec 4>&-
	[ $how = fresh ] || ends 0 "load whose broker dies"
	begin_again
	[ $how = kept ] || ends 0 "load that initialises, and whose broker dies"
	printed 'kept/one: 100000 bytes loaded into 4M.*'
	state_is kept/one ready || fail "kept/one is not ready"
done
exec 4<>"$work/pipe"
"$shmctl" load made/one --create --size $size <"$work/pipe" >"$work/out" 2>"$work/why" 4>&- &
last=$!
children=$last
head -c 100000 "$work/bytes" >&4
die
exec 4>&-
ends 1 "load whose broker is gone for good"
says 'READY waited 10s for the broker at .*, where none listens now; start it again, or connect anew'
children=
begin_again
"$shmctl" remove made/one >/dev/null 2>&1 || :
exec 4<>"$work/pipe"
"$shmctl" load made/two --create --size $size <"$work/pipe" >"$work/out" 2>"$work/why" 4>&- &
last=$!
children=$last
head -c 100000 "$work/bytes" >&4
die
kill -s TERM "$last"
ends 143 "load that is interrupted when its broker is gone"
says '.*SIGTERM came; "made/two" stays uninitialised, since the broker does not remove it'
exec 4>&-
children=
begin_again
"$shmctl" remove made/two >/dev/null 2>&1 || :

echo "- top, whose broker goes away"
"$shmctl" top --count 3 --interval 200ms >"$work/looks" 2>"$work/why" &
last=$!
children=$last
eventually grep -q '^NAME' "$work/looks" || fail "top prints nothing"
die
ends 1 "top whose broker is gone"
says 'the broker went away, and what was printed last is as it was before; "shmctl status" says whether it is back'
grep -q '^broker away: as it was before' "$work/looks" || fail "top does not say so: $(cat "$work/looks")"
children=
begin_again
if command -v tmux >/dev/null; then
	make_terminal 80 24
	type_line "clear; '$shmctl' top --interval 200ms; echo ended with \$?"
	shows '^plain/one '
	die
	shows '^broker away: as it was before'
	shows '^plain/one '
	begin_again
	shows '^[0-9]* objects, 2 columns more$'
	run 0 create after/death 4K
	shows '^after/death '
	die
	shows '^broker away: as it was before'
	press q
	shows '^ended with 0$'
	restored
	begin_again
	run 0 remove after/death

	echo "- top, 20x5"
	make_terminal 20 5
	type_line "clear; '$shmctl' top --interval 200ms; echo =\$?"
	rows=$("$shmctl" --json list | jq '.objects | length')
	[ "$rows" -gt 2 ] || fail "there are too few objects for a small screen"
	shows "^+$((rows - 2)) rows +9 cols\$"
	shows '^NAME  *HOLD$'
	shows '^kept/one  *0$'
	[ "$(screen | wc -l)" = 5 ] || fail "not five lines: $(screen)"
	press q
	shows '^=0$'
	restored
	terminal kill-server
	children=
else
	echo "NOT TESTED: screens of top, for which tmux is missing (Debian's package tmux)"
fi

echo "- no room for what is printed"
for command in "list" "--json list" "--json show plain/one" "--json who" "dump plain/one" "metrics" "graph"; do
	want=1 status=0
	# shellcheck disable=SC2086 # several words
	"$shmctl" $command >/dev/full 2>"$work/why" || status=$?
	judge "$command to a full disk"
	case $command in
	dump*) says "cannot write to standard output: No space left on device; 0 of $size bytes are there" ;;
	*) says 'cannot write to standard output: No space left on device; make room there, or write elsewhere' ;;
	esac
done
# shellcheck disable=SC2016 # for another shell
if [ "$(id -u)" = 0 ] && mkdir "$work/tiny" && unshare -m sh -c '
	mount -t tmpfs -o size=64k none "$1/tiny" || exit 77
	cd "$1/tiny"
	head -c 61440 /dev/zero >filler
	echo before >file
	failing() {
		name=$1
		shift
		status=0
		"$@" 2>"$work/why.$name" || status=$?
		echo $status >"$work/status.$name"
	}
	work=$1
	failing list "$2" --json list >listed
	failing metrics "$2" metrics --textfile file
	failing dump "$2" dump plain/one file
	cat file >"$work/file"
	ls -A >"$work/tidy"
' - "$work" "$shmctl"; then
	for command in list metrics dump; do
		want=1 status=$(cat "$work/status.$command")
		cp "$work/why.$command" "$work/why"
		judge "$command to a small disk"
		case $command in
		list) says 'cannot write to standard output: No space left on device; make room there, or write elsewhere' ;;
		metrics) says 'cannot write .*: No space left on device; name one in a directory .*' ;;
		dump) says 'cannot write to file: No space left on device; it is as it was before; name a file where there is more room' ;;
		esac
	done
	[ "$(cat "$work/file")" = before ] || fail "a full disk costs the file"
	[ "$(tr '\n' ' ' <"$work/tidy")" = "file filler listed " ] || fail "a small disk has $(cat "$work/tidy")"
else
	echo "NOT TESTED: a small disk, which takes root and a mount"
fi

echo "- $many names of the greatest length"
"$shmctl" list | awk 'NR > 1 { print $1 }' | xargs "$shmctl" remove
kill "$broker"
wait "$broker" || fail "the broker ended with $?"
mkdir -p "$work/etc/objects.d"
: >"$work/etc/config"
long=many/$(printf '%0190d' 0)
for n in $(seq -w $many); do
	printf '[Object %s/%s]\nKind=fifo\nOwner=%s\n' "$long" "$n" "$(id -u)"
done >"$work/etc/objects.d/many.conf"
begin_again --config "$work/etc/config"
name=$long/0001
[ ${#name} = 200 ] || fail "the name has ${#name} bytes"
run 0 list
[ "$(grep -c "^$long/[0-9]*  fifo  .*ready" "$work/out")" = $many ] || fail "list has $(wc -l <"$work/out") lines"
run 0 --json list
json "(.objects | length) == $many and ([.objects[].name] | unique | length) == $many"
json '[.objects[].name | length] | unique == [200]'
run 0 list "$name"
[ "$(wc -l <"$work/out")" = 2 ] || fail "list $name: $(cat "$work/out")"
exec 4<>"$("$shmctl" --json show "$name" | jq -r .path)"
run 0 who
run 0 --json who
run 0 graph
[ "$(grep -c "$long" "$work/out")" -ge $many ] || fail "graph has $(wc -l <"$work/out") lines"
run 0 --json graph
json "([.nodes[] | select(.type == \"object\")] | length) == $many"
run 0 metrics
printed 'shmbroker_objects{.*fifo.*} '$many
run 0 top --count 1
[ "$(grep -c '^many/0*~' "$work/out")" = $many ] || fail "top has $(wc -l <"$work/out") lines"
status=0
"$shmctl" doctor >"$work/out" 2>"$work/why" || status=$?
[ "$status $(wc -l <"$work/why")" = "0 0" ] || [ "$status $(wc -l <"$work/why")" = "1 1" ] || fail "doctor ended with $status: $(cat "$work/why")"
"$shmctl" --json doctor >"$work/out" 2>/dev/null || :
json '.findings | length > 0'
exec 4<&-
if command -v bash >/dev/null; then
	# shellcheck disable=SC2016 # for bash
	bash --norc -c '
		source "$1"
		COMP_WORDS=("$2" show many) COMP_CWORD=2 COMP_LINE="shmctl show many" COMP_POINT=16
		_shmctl "$2" many show
		printf "%s\n" "${COMPREPLY[@]}"' - "$completion" "$shmctl" >"$work/out" 2>"$work/why" </dev/null ||
		fail "completion: $(cat "$work/why")"
	[ "$(sort -u "$work/out" | grep -c -x "$long/[0-9]*")" = $many ] ||
		fail "completion offers $(wc -l <"$work/out") names: $(cat "$work/why")"
fi
"$shmctl" watch many/ >"$work/watched" 2>"$work/why" &
watcher=$!
children=$watcher
# It hears of what comes and goes before it is relied on.
hears() {
	"$shmctl" fifo many/mark >/dev/null && "$shmctl" remove many/mark
	grep -q many/mark "$work/watched"
}
eventually hears || fail "watch does not hear"
"$shmctl" list "$long" | awk 'NR > 1 { print $1 }' >"$work/names"
xargs -n $many "$shmctl" remove <"$work/names" >"$work/out" 2>"$work/said" ||
	fail "remove: $(head -c 500 "$work/said")"
[ ! -s "$work/said" ] || fail "remove said $(head -c 500 "$work/said")"
run 0 list "$long"
[ "$(wc -l <"$work/out")" = 1 ] || fail "there are still $(wc -l <"$work/out") of them"
# Each is told, or that some are missing.
told() {
	[ "$(grep -c " removed  *$long" "$work/watched")" = $many ] || grep -q ' missed ' "$work/watched"
}
eventually told || fail "watch tells of $(grep -c removed "$work/watched")"
! grep ' removed  *many/0' "$work/watched" | grep -v "  $long/[0-9][0-9]*  removed on request by " >"$work/out" ||
	fail "watch cuts what it tells: $(head -n 2 "$work/out")"
kill "$watcher"
last=$watcher
eventually gone "$watcher" || fail "watch does not end"
children=

kill "$broker"
wait "$broker" || fail "the broker ended with $?"
conclude
