#!/bin/sh
# shmctl: every command in both forms, every way to be refused, and each shape of JSON against its
# documentation. Those about states, streams and caches have tests of their own, test_shmctl_state.sh and
# its like.
#
#   sh tests/e2e/test_shmctl.sh SHMBROKERD SHMCTL SHMCTL-JSON.md
set -eu
# shellcheck disable=SC2034 # for broker.sh
daemon=$1
shmctl=$2
shapes=$3
LC_ALL=C
export LC_ALL

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"
# shellcheck source=SCRIPTDIR/../support/shmctl.sh
. "$(dirname "$0")/../support/shmctl.sh"

# true when the ledger says so of NAME
holds() {
	"$shmctl" --json who "$1" | jq -e ".holders[] | select(.holding == \"$2\")"
}

is_fresh() {
	"$shmctl" --json show "$1" | jq -e '.state == "fresh"'
}

# as_jq: what was printed is, byte for byte, what jq makes of it.
as_jq() {
	jq . "$work/out" | cmp -s - "$work/out" || fail "jq prints it otherwise: $(cat "$work/out")"
}

start_broker
mkfifo "$work/feed"

echo "- version and help need no broker, and know every command"
run 0 --socket /nowhere version
printed 'shmctl [0-9.]*'
run 0 --json version
shape version .
commands=0
for command in status list show create fifo remove chmod chgrp grant revoke replace explain key who graph metrics doctor watch top dump load \
	'state get' 'state set' 'state watch' 'state history' \
	'stream send' 'stream recv' 'stream stat' 'stream evict' 'stream bench' \
	'cache get' 'cache set' 'cache delete' 'cache stats' 'cache flush' 'cache keys' version help; do
	commands=$((commands + 1))
	run 0 help
	printed "  $command .*"
	# shellcheck disable=SC2086 # some have two words
	run 0 $command --help
	printed "usage: shmctl $command.*"
	cp "$work/out" "$work/help"
	# shellcheck disable=SC2086
	run 0 help $command
	cmp -s "$work/out" "$work/help" || fail "help $command is not $command --help"
done
run 0 --help
printed 'usage: shmctl .*'
run 0 create --help
printed '  --lifetime LIFETIME  .*'
printed '  --socket PATH  .*'
run 0 --json help
shape command '.commands[]'
shape option '.commands[].options[]'
json "[.commands[].name] | length == $commands"
run 0 --json help load
json '[.commands[].options[].name] | contains(["create", "size", "mode", "key", "json"])'
refused 2 'no command "frob"' help frob
refused 2 'no command "state"' help state
refused 2 'no command "show me"' help show me

echo "- a command line that makes no sense is status 2"
refused 2 'no command was given; see "shmctl help"'
refused 2 'no command was given' --json
refused 2 'no command "frob"' frob
refused 2 'there is no option --frob, or more than one that begins so; see "shmctl help list"' list --frob
refused 2 'there is no option -x (a name that begins with "-" comes after "--")' list -x
refused 2 'wants a value, PATH' list --socket
refused 2 'there is no option --l, or more than one that begins so' create x 4K --l y
refused 2 'is empty; give the path of the' list --socket ''
refused 2 'takes no value' list --json=yes
refused 2 'is no option of "list"' list --mode 0600
refused 2 'comes after the command' --mode 0600 create x 4K
refused 2 '"show" lacks an operand; it wants NAME' show
refused 2 'does not want the operand "y"' show x y
refused 2 '"create" lacks an operand; it wants NAME SIZE' create x
refused 2 '"12Q" is no size; write bytes, or 64K, 64M, 64G' create x 12Q
refused 2 '"-5" is no size; write bytes' create x -- -5
refused 2 'is more than 64 bits can say; give a smaller size' create x 99999999999999999999
refused 2 'is no mode; write permission bits in octal, as 0660' create x 4K --mode 9
refused 2 'is no mode; write permission bits in octal, as 0660' create x 4K --mode 1000
refused 2 'is no mode; write permission bits in octal, as 0660' create x 4K --mode ''
refused 2 'is no backing; write auto, sysv or memfd' create x 4K --backing fifo
refused 2 'is no lifetime; write keep, or used:30s' create x 4K --lifetime long
refused 2 'is no lifetime; write keep, or used:30s' create x 4K --lifetime keep:5s
refused 2 'has a linger that is no duration up to 49d; write used:30s' create x 4K --lifetime used:soon
refused 2 'has a linger that is no duration up to 49d; write used:30s' create x 4K --lifetime used:90d
refused 2 'would end at once, since shmctl leaves at once; write used:30s, or keep' create x 4K --lifetime used
refused 2 'would end at once, since shmctl leaves at once; write used:30s, or keep' create x 4K --lifetime used:0
refused 2 'would end at once, since the owner would be shmctl; write used:30s, or keep' create x 4K --lifetime owner
refused 2 'would end at once, since the owner would be shmctl' fifo x --lifetime owner
refused 2 'no option of "fifo"' fifo x --key
refused 2 'with --json the bytes cannot go to standard output; name a file for them' --json dump x
refused 2 'with --json the bytes cannot go to standard output; name a file for them' --json dump x -
refused 2 '--create is missing, which the options of creation go with' load x /dev/null --mode 0600
refused 2 '--create is missing, which the options of creation go with' load x /dev/null --size 4K
refused 2 'is nothing; a segment has at least one byte' load x /dev/null --create --size 0
refused 2 '"much" is no size; write bytes' load x /dev/null --create --size much

echo "- status"
run 0 status
printed 'broker  .*'
printed 'segments   0 sysv, 0 memfd, together 0'
run 0 --json status
shape status .
json ".pid == $broker and .directory == \"$work/run\" and .members == 1 and .holds == 0"

echo "- create: ready and zeroed at once, and kept"
run 0 create one/memfd 64K --backing memfd --layout demo/1
printed 'one/memfd: 64K memfd'
run 0 --json create one/sysv 5000 --backing sysv
shape create .
json '.name == "one/sysv" and .size == 5000 and .backing == "sysv" and .why == null and .key > 0'
run 0 create one/auto 1M --json
shape create .
json '.why | type == "string"'
run 0 create one/key --key 4K
printed 'one/key: 4K sysv, key 0x[0-9a-f]\{8\}.*'
run 0 create one/lingering 4K --backing memfd --lifetime used:1h --mode 0640
run 0 create -- -odd 4K
run 0 show -- -odd
refused 1 '"one/memfd" exists already and was left as it is; remove it first, or take another name' create one/memfd 4K
refused 1 'one/memfd.* exists already' fifo one/memfd
refused 1 '"no/such/" is no name: it has an empty component; write a/b' create no/such/ 4K
refused 1 'is no name: it is empty; give it 1 to 200 bytes' create '' 4K
refused 1 'is no name: it is longer than 200 bytes' create "$(printf '%0201d' 0)" 4K
refused 1 'is no name: it has a byte other than A-Z a-z 0-9' create 'a b' 4K
refused 1 'is no name: it has a component "." or ".."; names are not paths' create ../a 4K
refused 1 'the prefix to list is longer than the 200 bytes that a name can have' list "$(printf '%0201d' 0)"

refused 1 '"zero" cannot be created with size 0; give its size in bytes' create zero 0
refused 1 ' bytes, more than a process can map (2^47)' create large 256T
refused 1 'memfd has no key' create two 4K --backing memfd --key
refused 1 'mode' create two 4K --mode 0777
refused 1 'the layout tag of "two" has a byte other than' create two 4K --layout 'not a tag'
refused 1 'the layout tag of "two" is longer than 63 bytes' create two 4K --layout "$(printf '%064d' 0)"

echo "- show and list"
run 0 show one/memfd
printed 'name        one/memfd'
printed 'size        64K (65536 bytes)'
printed 'layout      demo/1'
printed 'permission  0600, .*'
printed 'lifetime    keep'
printed 'state       ready'
run 0 --json show one/memfd
shape object .
json '.kind == "segment" and .size == 65536 and .mode == "0600" and .layout == "demo/1"'
json '.key == null and .shmid == null and .path == null and .holders == 0'
run 0 show one/lingering
printed 'lifetime    used:1h'
run 0 show one/lingering --json
json '.lifetime == "used" and .linger_ms == 3600000 and .mode == "0640"'
run 0 list one/
printed 'NAME  *BACKING  *SIZE  *MODE  *OWNER  *LIFETIME  *HOLDERS  *STATE  *AGE'
printed 'one/memfd  *memfd  *64K  *0600  .*  keep  *0  *ready  *[0-9]*m\{0,1\}s'
[ "$(wc -l <"$work/out")" = 6 ] || fail "list one/: $(cat "$work/out")"
! grep -q ' $' "$work/out" || fail "list: a line ends with a space"
run 0 --json list one/
shape object '.objects[]'
json '[.objects[].name] == ["one/memfd","one/sysv","one/auto","one/key","one/lingering"]'
run 0 --json list two
json '.objects == []'
run 0 list two
[ "$(wc -l <"$work/out")" = 1 ] || fail "an empty list is not its titles alone"
refused 1 '"two" does not exist; "shmctl list" shows what does' show two

echo "- JSON has two spaces of indent, however many elements it has"
for n in 0 1 2; do
	run 0 --json list pair/
	json "(.objects | length) == $n"
	as_jq
	run 0 create pair/$n 4K --layout demo/1
done
run 0 --json help
as_jq
run 0 --json remove pair/0 pair/1 pair/2
as_jq

echo "- a list of many pages is whole"
for n in $(seq 100); do
	"$shmctl" create "many/$n" 1 --backing memfd >/dev/null || fail "create many/$n"
done
run 0 --json list many/
json '[.objects[].name] == [range(1; 101) | "many/\(.)"]'
# shellcheck disable=SC2046 # a list of names
run 0 remove $(seq -f 'many/%g' 100)
[ ! -s "$work/out" ] || fail "remove is not silent: $(cat "$work/out")"

echo "- key: a program that knows nothing of the broker reaches the same bytes"
run 0 key one/sysv
printed '0x[0-9a-f]\{8\}'
key=$(cat "$work/out")
run 0 --json key one/sysv
shape key .
json ".key == $((key)) and .key_hex == \"$key\" and .size == 5000"
perl -e '$id = shmget(hex($ARGV[0]), 0, 0) // die "shmget: $!\n";
	shmwrite($id, "from perl", 4991, 9) || die "shmwrite: $!\n"' "$key" || fail "perl"
run 0 dump one/sysv
[ "$(tail -c 9 "$work/out")" = "from perl" ] || fail "the bytes of perl did not arrive"
[ "$(wc -c <"$work/out")" = 5000 ] || fail "dump has $(wc -c <"$work/out") bytes"
refused 1 '"one/memfd" is a memfd and has no key; a segment gets one when it is created with --key' key one/memfd
refused 1 'does not exist' key two

echo "- load and dump"
head -c 65536 /dev/urandom >"$work/bytes"
for name in one/memfd one/auto; do
	run 0 load $name "$work/bytes"
	printed "$name: 65536 bytes loaded into .*"
	run 0 dump $name "$work/back"
	cmp -n 65536 "$work/bytes" "$work/back" || fail "$name: other bytes came back"
done
"$shmctl" load one/memfd <"$work/bytes" >/dev/null || fail "load from a redirected file"
# The bytes of a pipe come in pieces, and what is beyond its end stays.
{ head -c 10; head -c 10; } </dev/zero | "$shmctl" --json load one/memfd - >"$work/out" ||
	fail "load from a pipe"
shape load .
json '.bytes == 20 and .size == 65536 and .file == null and (.created or .initialised | not)'
"$shmctl" dump one/memfd | cmp -i 20 - "$work/bytes" || fail "the rest did not stay"
# From the middle of an open file.
{ head -c 65000 >/dev/null && "$shmctl" load one/key >/dev/null; } <"$work/bytes" ||
	fail "load what is left of a file"
run 0 --json dump one/memfd "$work/back"
shape dump .
json ".bytes == 65536 and .file == \"$work/back\""
head -c 65537 /dev/zero >"$work/larger"
"$shmctl" dump one/auto >"$work/before"
"$shmctl" dump one/memfd >"$work/before"
refused 1 'larger has 65537 bytes, more than the 65536 of "one/memfd"; remove that and load with --create' load one/memfd "$work/larger"
"$shmctl" dump one/memfd | cmp - "$work/before" || fail "a refused load changed bytes"
want=1 status=0
head -c 70000 "$work/larger" | "$shmctl" load one/memfd 2>"$work/why" >/dev/null || status=$?
judge "a pipe that is too long"
grep -q 'standard input has more than the 65536 bytes of "one/memfd", which has the bytes up to there; use a larger' "$work/why" || fail "load: $(cat "$work/why")"
refused 1 'cannot open .*/nowhere: No such file or directory; name a file that is there and may be read' load one/memfd "$work/nowhere"
refused 1 'is a directory; name a file' load one/memfd "$work"
refused 1 'cannot read all of /proc/self/mem: Input/output error; "one/memfd" has the bytes up to there' load one/memfd /proc/self/mem
refused 1 'cannot open .*/nowhere/file to write to it, which takes a file beside it: No such file or directory; name one in' dump one/memfd "$work/nowhere/file"
refused 1 'cannot write into /: Is a directory; name a file' dump one/memfd /
refused 1 'does not exist' load two "$work/bytes"
refused 1 'does not exist' dump two "$work/kept"
[ ! -e "$work/kept" ] || fail "a refused dump made a file"

echo "- load --create"
run 0 --json load new/one "$work/bytes" --create --mode 0640 --backing sysv --lifetime used:1h
shape load .
json '.created and .initialised and .size == 65536'
run 0 --json show new/one
json '.state == "ready" and .mode == "0640" and .backing == "sysv" and .linger_ms == 3600000'
run 0 dump new/one "$work/back"
cmp "$work/bytes" "$work/back" || fail "new/one: other bytes"
run 0 --json load new/one "$work/bytes" --create
json '.created == false and .initialised == false'
run 0 --json load new/two "$work/bytes" --create --size 1M
json '.bytes == 65536 and .size == 1048576'
echo 123 | "$shmctl" load new/three --create --size 8 >/dev/null || fail "load --create of a pipe"
"$shmctl" dump new/three | tr '\0' . | grep -q -x '^123$' || fail "new/three: other bytes"
refused 1 '/dev/null is no regular file, so nobody knows how large "new/four" has to be; say --size too' load new/four /dev/null --create
refused 1 'why is empty, and a segment has at least one byte; say --size to create "new/four" all the same' load new/four "$work/why" --create
refused 1 'bytes has 65536 bytes, more than --size 8; "new/four" was not made' load new/four "$work/bytes" --create --size 8
refused 1 'is too small: it has 8 bytes, and 9 are asked for' load new/three "$work/out" --create --size 9
refused 1 'layout' load one/memfd "$work/out" --create --layout demo/2
want=1 status=0
head -c 70000 "$work/bytes" | "$shmctl" load new/four --create --size 8 >/dev/null 2>"$work/why" || status=$?
judge "load --create of a pipe that is too long"
grep -q 'more than the 8 bytes of "new/four", which was not created; use a larger segment' "$work/why" || fail "load: $(cat "$work/why")"
refused 1 'does not exist' show new/four

echo "- who, and what a killed initialiser leaves"
run 0 who
[ "$(wc -l <"$work/out")" = 1 ] || fail "somebody holds something: $(cat "$work/out")"
"$shmctl" load new/five --create --size 4K --backing memfd <"$work/feed" >/dev/null &
loader=$!
children=$loader
exec 3>"$work/feed"
eventually holds new/five initialising || fail "the initialiser is not in the ledger"
"$shmctl" dump new/five >"$work/waited" 2>&1 3>&- &
dumper=$!
children="$loader $dumper"
eventually holds new/five waiting || fail "the waiting one is not in the ledger"
run 0 who new/five
printed 'NAME  *PID  *USER  *ACCESS  *HOLDING  *FOR  .*PROGRAM'
printed "new/five  *$loader  .*  rw  *initialising  .*  shmctl"
printed "new/five  *$dumper  .*  r  *waiting  .*  shmctl"
run 0 --json who
shape holder '.holders[]'
json "[.holders[] | .pid] == [$loader, $dumper]"
run 0 --json who one/memfd
json '.holders == []'
refused 1 'does not exist' who two
kill -9 $loader
wait $loader 2>/dev/null || :
eventually is_fresh new/five || fail "the segment of a killed initialiser is not fresh"
refused 1 '"new/five" has not been initialised: there is nothing in it to dump; "shmctl load" can fill it' dump new/five
# A load that fails leaves it so, the next one that does not makes it ready.
want=1 status=0
head -c 70000 "$work/bytes" | "$shmctl" load new/five >/dev/null 2>"$work/why" 3>&- || status=$?
judge "a pipe that is too long for a fresh segment"
grep -q '"new/five", which is still not initialised; use a larger segment' "$work/why" || fail "load: $(cat "$work/why")"
run 0 --json show new/five
json '.state == "fresh"'
exec 3>&-
echo now | "$shmctl" --json load new/five >"$work/out" || fail "load into a fresh segment"
json '.initialised and (.created | not)'
wait $dumper || fail "the waiting dump: $(cat "$work/waited")"
children=
head -n 1 "$work/waited" | grep -q -x now || fail "the waiting dump has other bytes"

echo "- fifo"
run 0 fifo pipe/one
path=$(cat "$work/out")
[ -p "$path" ] || fail "$path is no FIFO"
echo hello >"$path"
[ "$(head -n 1 <>"$path")" = hello ] || fail "the line did not arrive"
run 0 fifo pipe/two --mode 0660 --lifetime used:1h --json
shape fifo .
run 0 --json show pipe/two
shape object .
json '.kind == "fifo" and .mode == "0660" and .linger_ms == 3600000 and (.path | type == "string")'
run 0 show pipe/one
printed "path        $path"
run 0 list pipe/
printed 'pipe/one  *fifo  *-  .*'
refused 1 'exists already' fifo pipe/one
refused 1 "is a FIFO, whose bytes pass through and do not stay; read from $path instead" dump pipe/one
refused 1 "is a FIFO, whose bytes pass through and do not stay; write to $path instead" load pipe/one "$work/bytes"
refused 1 "is a FIFO and has no key; its path is $path" key pipe/one

echo "- what cannot be written is a failure"
for command in "list" "--json list" "dump one/memfd" "help" "key one/sysv"; do
	want=1 status=0
	# shellcheck disable=SC2086 # several words
	"$shmctl" $command >/dev/full 2>"$work/why" || status=$?
	judge "$command to a full disk"
	grep -q 'No space left' "$work/why" || fail "full disk: $(cat "$work/why")"
	status=0
	# shellcheck disable=SC2086
	"$shmctl" $command >&- 2>"$work/why" || status=$?
	judge "$command to a closed descriptor"
	grep -q 'Bad file descriptor' "$work/why" || fail "closed: $(cat "$work/why")"
done
refused 1 'cannot write to /dev/full: No space left on device; 0 of 65536 bytes are there' dump one/memfd /dev/full
exec 4<>"$work/feed"
exec 5>"$work/feed"
exec 4>&-
want=1 status=0
"$shmctl" list >&5 2>"$work/why" || status=$?
judge "list to a pipe without a reader"
grep -q 'Broken pipe' "$work/why" || fail "closed pipe: $(cat "$work/why")"
exec 5>&-
status=0
"$shmctl" load one/memfd <&- >/dev/null 2>"$work/why" || status=$?
judge "load from a closed descriptor"
grep -q 'Bad file descriptor' "$work/why" || fail "closed: $(cat "$work/why")"

if [ "$(id -u)" = 0 ]; then
	echo "- who may do what"
run 0 create may/one 4K --mode 0600 --backing memfd --acl u:daemon:r --acl g:12345:rw
run 0 show may/one
printed 'granted     u:daemon:r'
printed '            g:12345:rw'
run 0 --json show may/one
shape object .
json '.acl == [{"subject": "u", "id": 1, "access": "r"}, {"subject": "g", "id": 12345, "access": "rw"}]'
run 0 --json list may/
as_jq
run 0 grant may/one u:daemon:rw
run 0 revoke may/one g:12345
run 0 chmod 0640 may/one
run 0 chgrp daemon may/one
run 0 --json show may/one
json '.acl == [{"subject": "u", "id": 1, "access": "rw"}] and .mode == "0640" and .gid == 1'
run 0 --json chmod 0600 may/one
shape permit .
json '.beyond == 0'
run 0 --json replace may/one --size 8K
shape replace .
json '.generation == 2 and .backing == "memfd" and .holders == 0'
run 0 replace may/one
printed 'may/one: generation 3, .*'
run 0 --json show may/one
json '.size == 8192 and .state == "fresh" and .mode == "0600" and (.acl | length) == 1'
run 0 fifo may/pipe --acl u:daemon:w --group daemon
run 0 --json show may/pipe
json '.gid == 1 and .acl[0].access == "w"'
refused 1 'cannot have the entry u:1: it cannot grant write without read: memory that can be written can be read' grant may/one u:daemon:w
refused 1 'is for the owner' grant may/one u:root:r
refused 1 'is for an id that stands for nobody in particular' grant may/one u:65534:r
refused 1 'has no entry g:7' revoke may/one g:7
refused 1 '"may/none" does not exist, so it cannot be ' chmod 0600 may/none
refused 1 'does not exist' replace may/none
refused 1 'neither a size' replace may/pipe --size 4K
refused 1 'comes twice; give each user and group one entry' create may/two 4K --acl u:daemon:r --acl u:1:rw
refused 2 'names a user that does not exist; see "getent passwd", or write a uid' grant may/one u:nobody-of-that-name:r
refused 2 'names a group that does not exist; see "getent group", or write a gid' chgrp nogroup-of-that-name may/one
refused 2 '"u:daemon" is no entry; write u:alice:rw or g:ops:r' grant may/one u:daemon
refused 2 'has a name that is too long' grant may/one "u:$(printf '%064d' 0):r"
refused 2 'is no entry' grant may/one u:daemon:x
refused 2 'is no user or group; write u:alice or g:ops' revoke may/one daemon
refused 2 'is no user or group' grant may/one x:daemon:r
refused 2 '"0999" is no mode; write permission bits in octal, as 0660' chmod 0999 may/one
refused 2 'is no entry; write u:alice:rw or g:ops:r' create may/two 4K --acl daemon
# shellcheck disable=SC2046 # a list of options
refused 2 'is one entry too many; put users into groups' create may/two 4K $(seq -f '--acl=u:%g:r' 1000 1032)
run 0 explain read may/one --uid daemon
printed 'allowed: the entry for this user grant rw; .*'
run 0 explain write may/one --uid 4711
printed "denied: the others' bits of the mode grant nothing; .*"
run 0 explain manage may/one
printed 'allowed: only the owner, uid 0, root .*'
run 0 --json explain create may/three --uid 4711 --gid 12
shape explain .
json '.allowed and .uid == 4711 and .deed == "create"'
run 0 explain create may/three --uid 65534
printed 'denied: uid 65534 .*'
run 0 explain create may/one --uid 4711
printed 'denied: "may/one" exists already; .*'
refused 1 'does not exist' explain read may/none
refused 1 'not paths' explain create may/../x
refused 2 '"eat" is no deed; write create, read, write or manage' explain eat may/one
refused 2 'user that does not exist' explain read may/one --uid nobody-of-that-name
run 0 remove may/one may/pipe
run 0 create may/sysv 4K --mode 0666 --backing sysv
run 0 chmod 0600 may/sysv
run 0 remove may/sysv

echo "- another user"
	let_others_in
	run 0 create open/one 4K --mode 0644 --backing memfd
	other 0 --json list
	json '[.objects[].name] == ["open/one"]'
	other 0 dump open/one
	other 1 show one/memfd
	grep -q 'belongs to uid 0 and is not open to uid 12345' "$work/why" || fail "other: $(cat "$work/why")"
	other 1 load open/one /dev/null
	other 1 remove open/one
	grep -q 'only its owner and root may' "$work/why" || fail "other: $(cat "$work/why")"
	other 0 explain read open/one
	other 1 explain read open/one --uid 0
	grep -q 'is told to that user, root and administrators' "$work/why" || fail "other: $(cat "$work/why")"
	# The groups of the process count, which no file need know.
	run 0 create open/group 4K --mode 0600 --acl g:4242:r --backing memfd
	groups="--regid 4242 --clear-groups"
	other 0 explain read open/group
	printed 'allowed: .*'
	other 0 dump open/group
	groups="--regid 12345 --groups 7,4242"
	other 0 explain read open/group
	printed 'allowed: .*'
	other 0 dump open/group
	groups=$nobodies
	other 0 explain read open/group
	printed "denied: the others' bits of the mode grant nothing; .*"
	other 1 dump open/group
	other 1 explain read open/group --gid 4242
	grep -q 'members of group 4242' "$work/why" || fail "other: $(cat "$work/why")"
	groups="--regid 12345 --groups $(seq -s , 20000 20300)"
	other 1 explain read open/group
	grep -q 'you are in 301 groups, and no more than 256 can be asked about; name the one that matters with --gid' "$work/why" ||
		fail "other: $(cat "$work/why")"
	other 0 explain read open/group --gid 20300
	groups=$nobodies
	run 0 remove open/group
	other 0 create their/one 4K
	other 0 remove their/one
	run 0 create open/none 4K --mode 0
	run 0 --json show open/none
	json '.mode == "0000"'
	run 0 remove open/one open/none
else
	echo "- another user: LEFT OUT, it takes root to become one"
fi

echo "- remove"
"$shmctl" load one/memfd <"$work/feed" >/dev/null &
children=$!
exec 3>"$work/feed"
eventually holds one/memfd attached || fail "the holder is not in the ledger"
run 0 remove one/memfd one/sysv
printed 'one/memfd: removed; 1 still holds it, until they detach'
[ "$(wc -l <"$work/out")" = 1 ] || fail "remove: $(cat "$work/out")"
exec 3>&-
wait "$children" || fail "the holder of what was removed"
children=
refused 1 'does not exist' remove one/memfd
run 1 --json remove one/auto one/auto
shape removal '.removals[]'
json '[.removals[].removed] == [true, false] and .removals[0].holders == 0'
json '.removals[1].error | contains("does not exist")'
run 1 --json remove 'not a name'
shape removal '.removals[]'

echo "- nothing is left, and a broker that is gone is a clear line"
"$shmctl" --json list | jq -r '.objects[].name' >"$work/names"
# shellcheck disable=SC2046 # a list of names
run 0 remove -- $(cat "$work/names")
run 0 --json status
json '.segments_sysv == 0 and .segments_memfd == 0 and .fifos == 0 and .bytes == 0'
[ -z "$(broker_segments)" ] || fail "left behind: $(broker_segments)"
[ -z "$(ls "$work/run/fifo")" ] || fail "left behind: $(ls "$work/run/fifo")"
kill "$broker"
wait "$broker" || fail "the broker ended with $?"
refused 1 . status
refused 1 . --socket "$work/nowhere" create x 4K

conclude
