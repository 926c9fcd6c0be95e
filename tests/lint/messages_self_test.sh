#!/bin/sh
# Does the lint of messages find what it is for? Each fault is put into a small tree that is otherwise
# good.
#
#   sh tests/lint/messages_self_test.sh
set -eu
lint=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-lint.XXXXXX")
trap 'rm -rf "$tree" "$tree.out"' EXIT
trap 'exit 1' HUP INT TERM
failures=0

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

# put FILE LINE...: write a file of the tree.
put() {
	mkdir -p "$tree/$(dirname "$1")"
	file=$1
	shift
	printf '%s\n' "$@" >"$tree/$file"
}

# add FILE LINE...: at its end.
add() {
	file=$1
	shift
	printf '%s\n' "$@" >>"$tree/$file"
}

# shellcheck disable=SC2016 # the tree's script has the variables
good_tree() {
	rm -rf "${tree:?}"/*
	put client/shmctl/commands/one.c \
		'/* complain_failed("this is a comment") */' \
		'int one(void)' '{' \
		'	if (a)' \
		'		return complain_failed("\"%s\" was not found, in %" PRIu64' \
		'				       " places", name, n);' \
		'	complain_note("%s", text);' \
		'	return complain_usage(command, "the list of \"%s\" is " /* why */' \
		'				       "at its end", name);' '}'
	put client/shmctl/words/two.c \
		'const char *two(void)' '{' '	return is_long ? "is too long for a name" : NULL;' '}'
	put client/core/three.c \
		'int three(void)' '{' '	return error_set(-EIO, "there is no roster at %s", path);' '}'
	put proto/wire/name.c 'const char *name(void)' '{' '	return "has an empty component";' '}'
	put proto/layout/head.c 'int x;'
	put daemon/rules/access.c 'int x;'
	put daemon/rules/backing.c 'int x;'
	put daemon/server/managing.c \
		'int managing(void)' '{' '	return call_refuse(call, -EPERM, "members are sent away by root");' '}'
	put tests/unit/test_three.c 'int main(void)' '{' '	says("there is no roster at ");' \
		'	strstr(shmb_last_error(), "x has an empty component");' \
		'	says("members are sent away by root");' '}'
	put tests/e2e/test_shmctl.sh \
		"refused 1 '\"x\" was not found, in 2 places' one x" \
		"refused 2 'the list of .* is at its end;' one x" \
		'grep -q -e "$x is too long for a name" "$work/why" || exit 1'
}

check() {
	sh "$lint/messages.sh" "$tree" >"$tree.out" 2>&1
}

# finds TEXT WHAT: it must fail and say TEXT.
finds() {
	if check; then
		fail "it does not find: $2"
	elif ! grep -qF -- "$1" "$tree.out"; then
		fail "on \"$2\" it does not say \"$1\" but: $(cat "$tree.out")"
	fi
	good_tree
}

# accepts WHAT
accepts() {
	check || fail "it does not accept $1: $(cat "$tree.out")"
	good_tree
}

good_tree
accepts "the good tree"
for line in 1 2 3; do
	sed -i "${line}d" "$tree/tests/e2e/test_shmctl.sh"
	finds 'no test reads' "the good tree without expectation $line"
done
put tests/e2e/test_shmctl.sh "refused 1 'not found'" "refused 2 'is at its end;'" "refused 2 'is too long for a name'"
finds 'no test reads "\"%s\" was not found' 'a pattern of nine characters'
add client/shmctl/words/two.c 'const char *three(void)' '{' '	return "is too long for a name of a list";' '}'
finds 'two.c: no test reads "is too long for a name of a list"' 'a pattern that fits two messages'
add client/shmctl/words/two.c 'const char *three(void)' '{' '	return "is too long for a name of a list";' '}'
add tests/e2e/test_shmctl.sh "refused 2 'is too long for a name of a list' one y"
finds 'two.c: no test reads "is too long for a name"' 'a message that is the beginning of another'
add client/shmctl/words/two.c 'const char *three(void)' '{' '	fault = "is no colour; write red";' '}'
finds 'two.c: no test reads "is no colour; write red"' 'an end of a sentence in a variable'
add client/shmctl/words/two.c 'const char *three(void)' '{' '	fault = "is no colour; write red";' '}'
add tests/e2e/test_shmctl.sh "refused 2 'is no colour; write red\\|something else' one y"
finds 'two.c: no test reads "is no colour; write red"' 'a pattern of alternatives'
add client/shmctl/words/two.c 'const char *three(void)' '{' '	fault = "is no colour; write red";' '}'
add tests/e2e/test_shmctl.sh "refused 2 'is no colour; write blue' one y"
finds 'two.c: no test reads "is no colour; write red"' 'a pattern that the message does not fit'
add client/shmctl/words/two.c 'const char *three(void)' '{' '	fault = "is no colour; write red";' '}'
add tests/e2e/test_shmctl.sh "# refused 2 'is no colour; write red' one y"
finds 'two.c: no test reads "is no colour; write red"' 'an expectation in a comment'
sed -i '/roster/d' "$tree/tests/unit/test_three.c"
finds 'client/core/three.c: no test reads "there is no roster at %s"' 'a sentence of the library'
add client/core/three.c 'int four(void)' '{' '	channel_fail(channel, -EIO, "there is no roster at %s, nor another", path);' '}'
add tests/unit/test_three.c '/* says("nor another") */' 'int more(void)' '{' '	printf(", nor another");' '}'
finds 'client/core/three.c: no test reads "there is no roster at %s, nor another"' 'what a test prints or has in a comment'
put daemon/server/managing.c 'int x;'
finds '^daemon/(server|rules)/: no message is there' 'files of the broker that are no more'
put daemon/server/later.c 'int four(void)' '{' '	turn_out(peer, &header, -EPROTO, "hello came too late");' '}'
finds 'later.c: no test reads "hello came too late"' 'what a connection ends with'
put daemon/server/later.c 'int four(void)' '{' '	snprintf(ret_why, 256, "uid %u is not let in", uid);' '}'
finds 'later.c: no test reads "uid %u is not let in"' 'a part of a refusal'
put daemon/server/later.c 'int four(void)' '{' '	snprintf(path, 256, "%s/is no message", directory);' '}'
accepts 'what else is put together'
put daemon/server/managing.c 'int four(void)' '{' '	return call_refuse(call, -EPERM, "only its owner may");' '}'
finds 'managing.c: no test reads "only its owner may"' 'a refusal of the broker'
sed -i '1d' "$tree/tests/e2e/test_shmctl.sh"
add tests/unit/test_three.c 'int more(void)' '{' '	says("\" was not found, in ");' '}'
finds 'one.c: no test reads "\"%s\" was not found' 'a message of shmctl that a C test alone has'
put tests/lint/messages_excepted.txt "is too long for$(printf '\t')it is read all the same"
finds 'is no exception any more: "is too long for a name"' 'an exception that is none'
put tests/lint/messages_excepted.txt "is no colour$(printf '\t')there is none"
finds '"is no colour" is of 0 messages' 'an exception of no message'
add client/shmctl/words/two.c 'const char *three(void)' '{' '	fault = "is no colour; write red";' '}'
put tests/lint/messages_excepted.txt '# A comment.' "is no colour$(printf '\t')there is no red"
accepts 'an exception'

[ $failures = 0 ] || exit 1
echo "it finds what it is for"
