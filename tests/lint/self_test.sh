#!/bin/sh
# Do the lint scripts find what they are for? Each fault is put into a small tree that is otherwise
# good, and the script must fail and name it.
#
#   sh tests/lint/self_test.sh PROGRAM
#
# PROGRAM is the built protocol_reference.
set -eu
reference=$1
lint=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-lint.XXXXXX")
trap 'rm -rf "$tree" "$tree.out"' EXIT
trap 'exit 1' INT TERM
failures=0

# put FILE LINE...: write a file of the tree.
put() {
	mkdir -p "$tree/$(dirname "$1")"
	file=$1
	shift
	printf '%s\n' "$@" >"$tree/$file"
}

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

good_tree() {
	rm -rf "${tree:?}"/*
	put proto/base/fd.h '#include <unistd.h>'
	put proto/wire/codec.h '#include "base/fd.h"'
	put proto/wire/codec.c '#include "wire/codec.h"' '#include <errno.h>' '#include "base/fd.h"'
	put proto/layout/state_layout.h '#include "base/fd.h"'
	put client/include/shmbroker/export.h '/* SHMB_EXPORT int shmb_in_a_comment(void); */' \
		'#define SHMB_EXPORT __attribute__((visibility("default")))'
	put client/include/shmbroker/segment.h '#include <stdint.h>' '#include <shmbroker/export.h>' \
		'SHMB_EXPORT void *shmb_segment_data(const struct shmb_segment *segment);' \
		'SHMB_EXPORT int shmb_segment_open(struct shmb_connection *connection,' \
		'				  const char *name);'
	put client/core/channel.h '#include "wire/codec.h"'
	put client/core/channel.c '#include "core/channel.h"' '#include "layout/state_layout.h"' \
		'#include <shmbroker/segment.h>'
	put client/core/segment.h '#include "core/channel.h"'
	put client/core/segment.c '#include <shmbroker/segment.h>' '#include "core/segment.h"'
	put client/formats/state.c '#include "core/channel.h"'
	put client/shmctl/line/options.h '#include <shmbroker/segment.h>'
	put client/shmctl/main.c '#include <jansson.h>' '#include <shmbroker/segment.h>'
	put client/libshmbroker.map 'SHMBROKER_0.1 {' 'global:' '	shmb_segment_data;' \
		'	shmb_segment_open; # opens' 'local:' '	*;' '};'
	put daemon/log.h '#include "base/fd.h"'
	put daemon/rules/access.h '#include "wire/codec.h"' '#include "log.h"'
	put daemon/objects/object.h '#include "rules/access.h"' '#include <event2/event.h>'
	put daemon/server/peer.h '#include "objects/object.h"'
	put daemon/main.c '#include "server/peer.h"'
	put docs/examples/wordcount.c '#include <stdio.h>' '#include <shmbroker/segment.h>'
}

# passes SCRIPT: it must find nothing.
passes() {
	if ! sh "$lint/$1" "$tree" >"$tree.out" 2>&1; then
		fail "$1 finds a fault in the good tree: $(cat "$tree.out")"
	fi
}

# finds SCRIPT TEXT WHAT: it must fail and say TEXT.
finds() {
	if sh "$lint/$1" "$tree" >"$tree.out" 2>&1; then
		fail "$1 does not find: $3"
	elif ! grep -qF -- "$2" "$tree.out"; then
		fail "$1 on \"$3\" does not say \"$2\" but: $(cat "$tree.out")"
	fi
	good_tree
}

good_tree
passes include_law.sh
passes file_lengths.sh
passes payload.sh
passes symbols.sh

# arrow FILE INCLUDE: an include that the law forbids.
arrow() {
	put "$1" "#include $2"
	finds include_law.sh "$1:1: $3" "$1 includes $2"
}

arrow proto/base/new.h '"wire/codec.h"' 'proto/base may not include proto/wire/codec.h'
arrow proto/wire/new.h '"layout/state_layout.h"' 'proto/wire may not include'
arrow proto/layout/new.h '"wire/codec.h"' 'proto/layout may not include'
arrow proto/wire/new.h '"log.h"' 'proto/wire may not include daemon/log.h'
arrow proto/wire/new.h '"core/channel.h"' 'proto/wire may not include client/core/channel.h'
arrow proto/wire/new.h '<event2/event.h>' 'proto/wire may not use <event2/event.h>'
arrow client/include/shmbroker/new.h '"core/channel.h"' 'a public header includes others as'
arrow client/include/shmbroker/new.h '"segment.h"' 'a public header includes others as'
arrow client/include/shmbroker/new.h '<jansson.h>' 'client/include may not use <jansson.h>'
arrow client/core/new.c '"server/peer.h"' 'client/core may not include daemon/server/peer.h'
arrow client/core/new.c '"../formats/state.c"' '"../formats/state.c" is no header of this tree'
arrow client/core/new.c '<event2/event.h>' 'client/core may not use'
arrow client/core/new.c '<xxhash.h>' 'client/core may not use'
arrow client/core/new.c '<glib.h>' '<glib.h> is not in the table'
arrow client/shmctl/new.c '"objects/object.h"' 'client/shmctl may not include'
arrow client/shmctl/words/new.c '"line/options.h"' 'client/shmctl/words may not include client/shmctl/line'
arrow docs/examples/new.c '"base/fd.h"' 'docs/examples may not include proto/base/fd.h'
arrow daemon/rules/new.h '"objects/object.h"' 'daemon/rules may not include'
arrow daemon/objects/new.h '"server/peer.h"' 'daemon/objects may not include'
arrow daemon/objects/new.h '"layout/state_layout.h"' 'daemon/objects may not include'
arrow daemon/server/new.h '<shmbroker/segment.h>' 'daemon/server may not include'
arrow daemon/new.c '"core/channel.h"' 'daemon/main may not include'
arrow daemon/attic/new.c '<stdio.h>' 'is in no room of the plan'
put daemon/server/new.h '#include <stdio.h>' '# include "nowhere.h"'
finds include_law.sh 'daemon/server/new.h:2: "nowhere.h" is no header of this tree' 'a lost header'
put proto/wire/codec.c '#include <errno.h>' '#include "wire/codec.h"'
finds include_law.sh 'proto/wire/codec.c:1: includes its own header proto/wire/codec.h first' \
	'a foreign header before the own one'
put client/core/request.c '#include "core/request.h"' '#include "core/segment.h"'
put client/core/request.h '#include <stdint.h>'
put client/core/channel.h '#include "core/request.h"'
finds include_law.sh 'closes a circle: client/core/channel client/core/request client/core/segment client/core/channel' \
	'a source that includes what stands on its header'
put client/core/request.h '#include "core/channel.h"'
put client/core/channel.h '#include "core/request.h"'
finds include_law.sh 'closes a circle' 'two headers that include each other'
rm -r "${tree:?}"/*
finds include_law.sh 'there are no sources here' 'an empty tree'

awk 'BEGIN { for (i = 0; i < 701; i++) print "int x;" }' >"$tree/client/core/long.c"
finds file_lengths.sh 'client/core/long.c: 701 lines' 'a long source'
awk 'BEGIN { for (i = 0; i < 301; i++) print "int x;" }' >"$tree/proto/wire/long.h"
finds file_lengths.sh 'proto/wire/long.h: 301 lines' 'a long header'
rm -r "${tree:?}"/*
finds file_lengths.sh 'there are no sources here' 'an empty tree'

put daemon/objects/new.c 'static void *look(int fd)' '{' \
	'	return mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);' '}'
finds payload.sh 'daemon/objects/new.c:3: the broker maps nothing' 'a map of what is handed out'
put daemon/objects/new.c 'void *data = (shmat (id, NULL, 0));'
finds payload.sh 'daemon/objects/new.c:1: the broker maps nothing' 'an attached segment'
rm -r "${tree:?}"/*
finds payload.sh 'there are no sources here' 'an empty tree'

put client/include/shmbroker/new.h 'SHMB_EXPORT int shmb_new(void);'
finds symbols.sh 'shmb_new is declared in a public header and not exported' 'a missing export'
put client/libshmbroker.map 'A {' 'global: shmb_segment_data; shmb_segment_open; shmb_old;' 'local: *;' '};'
finds symbols.sh 'shmb_old is exported and no public header declares it' 'an export too many'
put client/libshmbroker.map 'A {' 'global: shmb_segment_data; shmb_segment_open; open;' 'local: *;' '};'
finds symbols.sh 'open does not begin with shmb_' 'a foreign name'
put client/include/shmbroker/new.h 'SHMB_EXPORT void *shmb_segment_data(void);'
finds symbols.sh 'shmb_segment_data is declared 2 times' 'a name declared twice'
rm "$tree/client/libshmbroker.map"
finds symbols.sh 'cannot be read' 'no version script'

# page NAME PROTOTYPE SENTENCE SECTION: the manual page of the good tree's functions, which lacks
# nothing when it is called as below.
page() {
	put docs/man/segment.3.scd 'segment(3)' '# NAME' "$1" '# SYNOPSIS' '```' \
		'#include <shmbroker/segment.h>' '' "$2" '' \
		'int shmb_segment_open(struct shmb_connection *connection, const char *name);' '```' \
		'# DESCRIPTION' "$3" '# RETURN VALUE' '# ERRORS' '# THREADS AND PROCESSES' '# EXAMPLE' \
		"# $4"
}
names='shmb_segment_data, shmb_segment_open - memory'
prototype='void *shmb_segment_data(const struct shmb_segment *segment);'

page "$names" "$prototype" 'See *shmb_segment_open*(3).' 'SEE ALSO'
passes manual_library.sh
page 'shmb_segment_open - memory' "$prototype" '' 'SEE ALSO'
finds manual_library.sh 'shmb_segment_data: no page has it in its NAME' 'a function without a page'
page "$names" "$prototype" '' 'SEE ALSO'
put docs/man/other.3.scd '# NAME' 'shmb_segment_open - memory'
finds manual_library.sh 'shmb_segment_open: more than one page has it in its NAME' 'a name twice'
page "shmb_old, $names" "$prototype" '' 'SEE ALSO'
finds manual_library.sh 'NAME: there is no function shmb_old' 'a lost function'
page "$names" '' '' 'SEE ALSO'
finds manual_library.sh 'SYNOPSIS: shmb_segment_data is missing' 'a lost prototype'
page "$names" 'void *shmb_segment_data(struct shmb_segment *segment);' '' 'SEE ALSO'
finds manual_library.sh '(struct shmb_segment*segment)" is in the header' 'another prototype'
page "$names" "$prototype" 'With *SHMB_NOTHING*.' 'SEE ALSO'
finds manual_library.sh 'segment.3.scd: there is no SHMB_NOTHING' 'a name of nothing'
page "$names" "$prototype" 'See shmb_nowhere(3).' 'SEE ALSO'
finds manual_library.sh 'there is no page shmb_nowhere(3)' 'a reference to nowhere'
page 'shmb_segment_data, shmb_segment_open -' "$prototype" '' 'SEE ALSO'
finds manual_library.sh 'NAME: a line with " - " is missing' 'a name that nothing is said of'
page "$names" "$prototype" '' 'NOTES'
finds manual_library.sh 'the section SEE ALSO is missing' 'a lost section'
finds manual_library.sh 'there are no pages of section 3' 'no pages'

# promise LINE...: a page of one section, about tests that are there.
promise() {
	put tests/unit/test_lock.c 'START_TEST(a_stop_is_no_end)'
	put tests/systemd/checks/restart.sh 'echo "- a kill: all is there"'
	put docs/WHEN.md '# What happens when' '## Something happens' '' "$@"
}
limited='Not promised: anything else.'

# shellcheck disable=SC2016 # the backquotes are the page's
{
	promise "$limited" '' 'Held by `unit.lock: a_stop_is_no_end`,' '`systemd.restart: a kill: all is there`, `unit.lock`.'
	passes when.sh
	promise "$limited" '' 'Held by `unit.locks`.'
	finds when.sh 'docs/WHEN.md:6: there is no unit.locks' 'a lost file of tests'
	promise "$limited" '' 'Held by `unit.lock: a_stop_is_no`.'
	finds when.sh 'tests/unit/test_lock.c has no "a_stop_is_no"' 'a lost test of a program'
	promise "$limited" '' 'Held by `unit.lock`,' '`systemd.restart: nothing is there`.'
	finds when.sh 'docs/WHEN.md:7: tests/systemd/checks/restart.sh has no "nothing is there"' 'a lost test of a script'
	promise "$limited" '' 'Held by `unit.lock: a_stop' '_is_no_end`.'
	finds when.sh 'docs/WHEN.md:6: a name goes over the end of the line' 'a name in two lines'
	promise "$limited" '' 'Held by nobody.'
	finds when.sh 'docs/WHEN.md:2: Something happens: no test holds it' 'a promise that nothing holds'
	promise 'Held by `unit.lock`.'
	finds when.sh 'Something happens: it does not say what is not promised' 'a promise without an end'
	finds when.sh 'docs/WHEN.md: it is not there' 'no page'
}

# picture DOT DOCUMENT: one picture, drawn, and what shows it.
picture() {
	put docs/pictures/one.dot "$1"
	put docs/ONE.md "$2"
	sh "$lint/pictures.sh" --draw "$tree" >/dev/null || :
}

if command -v dot >/dev/null; then
	picture 'digraph one { a -> b; }' '![a picture](pictures/one.svg)'
	passes pictures.sh
	picture 'digraph one { a -> b; }' '![a picture](pictures/one.svg)'
	put docs/pictures/one.dot 'digraph one { a -> c; }'
	finds pictures.sh 'one.svg: is not what its source draws' 'a picture of something else'
	picture 'digraph one { a -> ; }' '![a picture](pictures/one.svg)'
	finds pictures.sh 'one.dot: dot says: Error' 'a picture that cannot be drawn'
	picture 'digraph one { a -> b; }' 'nothing'
	finds pictures.sh 'one.svg: no document shows it' 'a picture of nobody'
	put docs/pictures/one.dot 'digraph one { a -> b; }'
	finds pictures.sh 'one.svg: is not what its source draws' 'a picture that is not there'
	finds pictures.sh 'there are no pictures' 'no pictures'
fi

# The reference: written into a document it is there, and one changed letter is found.
put document.md '# A protocol' '<!-- reference: begin -->' 'old' '<!-- reference: end -->' 'The end.'
document=$tree/document.md
sh "$lint/protocol_reference.sh" write "$reference" "$document"
sh "$lint/protocol_reference.sh" check "$reference" "$document" >"$tree.out" 2>&1 ||
	fail "the reference just written is not accepted: $(cat "$tree.out")"
[ "$(sed -n '1p;$p' "$document" | tr '\n' ' ')" = '# A protocol The end. ' ] ||
	fail "writing the reference changed what is around it"
grep -q HELLO "$document" || fail "the reference does not name HELLO"
sed 's/HELLO/HALLO/' "$document" >"$tree/changed.md"
if sh "$lint/protocol_reference.sh" check "$reference" "$tree/changed.md" >"$tree.out" 2>&1; then
	fail "a changed reference is not found"
fi
put unmarked.md '# A protocol'
if sh "$lint/protocol_reference.sh" check "$reference" "$tree/unmarked.md" >"$tree.out" 2>&1; then
	fail "a document without markers is accepted"
fi

[ $failures = 0 ] || exit 1
echo "every lint finds what it is for"
