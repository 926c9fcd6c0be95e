#!/bin/sh
# Is every message about a failure read by a test?
#
#   sh tests/lint/messages.sh SOURCE-DIR
#
# A message is a format that complain_failed(), error_set(), call_refuse() and their like are given, or the end of a
# sentence that a function returns (`return "is no size"`) or leaves in a variable. Those of shmctl itself
# have to be read by its scripts, tests/e2e/test_shmctl*.sh, by the pattern of a `refused`, a `grep` or
# another function that looks for one; those of the library and the refusals of the broker, which shmctl passes
# on, there or by a literal of a C test. Of what a test looks for a piece without wild cards has to lie over the
# message as a whole, but for the values that stand in it; twelve characters of it at least, or a whole piece of
# the message between two values where it has no longer one; and these must stand in no other message, so that
# what fits two shows neither. A message without words of its own, like "%s: %s", is made of others and is not
# asked for.
#
# What no test can provoke is in messages_excepted.txt: a piece of the message, a tabulator, and why.
set -eu
root=$1
cd "$root"
work=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-messages.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

excepted=tests/lint/messages_excepted.txt
: >"$work/exceptions"
[ ! -e $excepted ] || grep -v '^#' $excepted >"$work/exceptions" || :

# The text of C sources, a file a line, without comments; a literal is \001 TEXT \002, and those that
# stand beside each other are one.
cat >"$work/literals.awk" <<'AWK'
function flush_file() {
	if (name == "")
		return
	gsub(/PRI[a-z]+(8|16|32|64|MAX|PTR)/, "\001u\002", text)
	gsub(/\002[ \t]*\001/, "", text)
	gsub(/[ \t]+/, " ", text)
	print name "\t" text
}
FNR == 1 { flush_file(); name = FILENAME; text = ""; in_comment = 0 }
/^[ \t]*#/ && !in_comment { next }
{
	line = $0
	while (line != "") {
		if (in_comment) {
			at = index(line, "*/")
			if (!at)
				break
			in_comment = 0
			line = substr(line, at + 2)
		} else if (match(line, /["'\/]/)) {
			text = text substr(line, 1, RSTART - 1)
			line = substr(line, RSTART)
			if (match(line, /^"([^"\\]|\\.)*"/)) {
				text = text "\001" substr(line, 2, RLENGTH - 2) "\002"
				line = substr(line, RLENGTH + 1)
			} else if (match(line, /^'([^'\\]|\\.)*'/)) {
				text = text "0"
				line = substr(line, RLENGTH + 1)
			} else if (line ~ /^\/\*/) {
				in_comment = 1
				line = substr(line, 3)
			} else if (line ~ /^\/\//) {
				break
			} else {
				text = text substr(line, 1, 1)
				line = substr(line, 2)
			}
		} else {
			text = text line
			line = ""
		}
	}
	text = text " "
}
END { flush_file() }
AWK

# Of such lines, what is said of failures: FILE, tabulator, format.
cat >"$work/messages.awk" <<'AWK'
BEGIN { FS = "\t" }
function say_literals(argument,    at, end) {
	while ((at = index(argument, "\001"))) {
		end = index(argument, "\002")
		print file "\t" substr(argument, at + 1, end - at - 1)
		argument = substr(argument, end + 1)
	}
}
# The argument number WANTED of the call whose parenthesis TEXT begins behind.
function argument_of(text, wanted,    depth, n, c, at, begin, is_text) {
	depth = 1
	n = 1
	begin = 1
	for (at = 1; at <= length(text); at++) {
		c = substr(text, at, 1)
		if (c == "\001")
			is_text = 1
		else if (c == "\002")
			is_text = 0
		else if (is_text)
			continue
		else if (c ~ /[(\[{]/)
			depth++
		else if (c ~ /[)\]}]/)
			depth--
		if (depth == 0 || (depth == 1 && c == "," && !is_text)) {
			if (n == wanted)
				return substr(text, begin, at - begin)
			if (depth == 0)
				return ""
			n++
			begin = at + 1
		}
	}
	return ""
}
{
	file = $1
	text = $2
	rest = text
	while (match(rest, /[^a-z_](complain_(failed|note|usage)|call_refuse|error_(set|say)|channel_fail|request_fail|(dispatch_)?turn_out|snprintf)\(/)) {
		call = substr(rest, RSTART + 1, RLENGTH - 2)
		rest = substr(rest, RSTART + RLENGTH)
		# The broker also writes why into a buffer that becomes a refusal, or a part of one.
		if (call == "snprintf" && (file !~ /^daemon\/server\// || rest !~ /^(reason|ret_why|text), /))
			continue
		say_literals(argument_of(rest, call ~ /failed|note/ ? 1 : call == "turn_out" ? 4 : call ~ /channel_|request_|call_|snprintf/ ? 3 : 2))
	}
	# The ends of sentences: what a function returns, or leaves in a variable.
	rest = text
	while ((at = index(rest, "\001"))) {
		before = substr(rest, at > 40 ? at - 40 : 1, at > 40 ? 40 : at - 1)
		end = index(rest, "\002")
		literal = substr(rest, at + 1, end - at - 1)
		if (before ~ /(return|(fault|text\[\]|why) =|[?:]) *$/ && file !~ /shmctl\/(doctor|output|reference)\// &&
		    literal ~ /^[^ ]+ [^ ]+ [^ ]/)
			print file "\t" literal
		rest = substr(rest, end + 1)
	}
}
AWK

# Of scripts, what they look for: a piece without wild cards a line.
cat >"$work/patterns.awk" <<'AWK'
# A pattern that fits either of two texts shows neither.
function say_pieces(pattern, is_fixed,    n, i, pieces) {
	if (!is_fixed && pattern ~ /\\\|/)
		return
	if (!is_fixed) {
		gsub(/\\\./, "\003", pattern)
		gsub(/\[[^]]*\]\\*[*{?]*|\.\*?|\\[({})1-9]|\*|\^|\$$/, "\001", pattern)
		gsub(/\003/, ".", pattern)
		gsub(/\\\*/, "*", pattern)
	}
	n = split(pattern, pieces, "\001")
	for (i = 1; i <= n; i++)
		if (pieces[i] != "")
			print pieces[i]
}
/^[ \t]*#/ { next }
{
	line = line $0
	if (sub(/\\$/, "", line)) {
		sub(/[ \t]*$/, " ", line)
		next
	}
	while (match(line, /(refused|complained|said|starved|failing|lied_to|says|shows|grep)( -?[A-Za-z0-9-]+)* ("([^"\\]|\\.)*"|'[^']*')/)) {
		call = substr(line, RSTART, RLENGTH)
		line = substr(line, RSTART + RLENGTH)
		match(call, /["'].*/)
		pattern = substr(call, RSTART + 1, RLENGTH - 2)
		if (substr(call, RSTART, 1) == "\"") {
			gsub(/\$[a-z_]+|\$\{[^}]*\}|\$\([^)]*\)|\$[0-9*@#]/, "\001", pattern)
			gsub(/\\"/, "\"", pattern)
			gsub(/\\\\/, "\\", pattern)
		}
		say_pieces(pattern, call ~ /^grep .*-[a-z]*F/)
	}
	line = ""
}
AWK

# What C tests compare with: their literals, but for those that they print.
cat >"$work/compared.awk" <<'AWK'
BEGIN { FS = "\t" }
{
	rest = $2
	gsub(/(ck_abort_msg|printf|puts|die|fail)\([^;]*;/, ";", rest)
	while ((at = index(rest, "\001"))) {
		end = index(rest, "\002")
		literal = substr(rest, at + 1, end - at - 1)
		gsub(/\\"/, "\"", literal)
		gsub(/%[-+ #0]*[0-9.*]*(hh|h|ll|l|z|j|t)?[a-zA-Z]/, "\001", literal)
		n = split(literal, pieces, "\001")
		for (i = 1; i <= n; i++)
			if (pieces[i] != "")
				print pieces[i]
		rest = substr(rest, end + 1)
	}
}
AWK

# Of messages, pieces and exceptions: who is not shown.
cat >"$work/judge.awk" <<'AWK'
BEGIN { FS = "\t"; RUN = 12 }
# How much of PIECE lies over PART without anything that does not fit: all of it, all of the part, or
# from the beginning of the one to the end of the other.
function overlap(piece, part,    n, size, at) {
	size = length(part)
	n = length(piece)
	if (index(part, piece))
		return piece
	if (index(piece, part))
		return part
	if (size < RUN || n < RUN)
		return ""
	at = index(piece, substr(part, size - RUN + 1))
	if (at && at + RUN - 1 <= size && substr(part, size - at - RUN + 2) == substr(piece, 1, at + RUN - 1))
		return substr(piece, 1, at + RUN - 1)
	at = index(piece, substr(part, 1, RUN))
	if (at && substr(part, 1, n - at + 1) == substr(piece, at))
		return substr(piece, at)
	return ""
}
# Whether TEXT stands in another message than number M.
function is_elsewhere(text, m,    other, i) {
	for (other = 1; other <= messages; other++)
		for (i = 1; other != m && i <= parts_n[other]; i++)
			if (index(part[other, i], text))
				return 1
	return 0
}
function take_message(format,    n, i, longest, size, run) {
	gsub(/\\"/, "\"", format)
	gsub(/\\\\/, "\\", format)
	gsub(/%%/, "\003", format)
	gsub(/%[-+ #0]*[0-9.*]*(hh|h|ll|l|z|j|t)?[a-zA-Z]/, "\001", format)
	gsub(/\003/, "%", format)
	if (format !~ /[a-z][a-z]/)
		return 0
	n = split(format, taken, "\001")
	parts_n[++messages] = n
	for (i = 1; i <= n; i++) {
		part[messages, i] = taken[i]
		if (length(taken[i]) > longest)
			longest = length(taken[i])
	}
	least[messages] = longest < RUN ? longest : RUN
	if (longest < RUN)
		has_short = 1
	for (i = 1; i <= n; i++)
		for (at = 1; at + RUN - 1 <= length(taken[i]); at++)
			known[substr(taken[i], at, RUN)]
	return 1
}
function is_promising(piece,    at) {
	if (has_short)
		return 1
	for (at = 1; at + RUN - 1 <= length(piece); at++)
		if (substr(piece, at, RUN) in known)
			return 1
	return 0
}
FILENAME ~ /messages$/ {
	words = $2
	gsub(/%[-+ #0]*[0-9.*]*(hh|h|ll|l|z|j|t)?[a-zA-Z]/, "%", words)
	if (words in number)
		files[number[words]] = files[number[words]] ", " $1
	else if (take_message($2)) {
		number[words] = messages
		format[messages] = $2
		files[messages] = $1
	}
	next
}
FILENAME ~ /exceptions$/ {
	exception[$1] = $2
	next
}
is_promising($0) {
	for (m = 1; m <= messages; m++)
		for (i = 1; i <= parts_n[m] && !shown[m]; i++) {
			if (length(part[m, i]) < least[m])
				continue
			run = overlap($0, part[m, i])
			if (length(run) >= least[m] && !is_elsewhere(run, m)) {
				shown[m] = 1
				if (verbose)
					print format[m] "\n\t" $0
			}
		}
}
END {
	for (m = 1; m <= messages; m++) {
		reason = ""
		for (piece in exception)
			if (index(format[m], piece)) {
				reason = exception[piece]
				used[piece]++
			}
		if (files[m] !~ scope)
			continue
		asked++
		if (!shown[m] && reason == "") {
			print files[m] ": no test reads \"" format[m] "\""
			bad++
		} else if (shown[m] && reason != "") {
			print files[m] ": is no exception any more: \"" format[m] "\""
			bad++
		} else if (!shown[m]) {
			excepted++
			print "excepted: \"" format[m] "\": " reason
		}
	}
	for (piece in exception)
		if (used[piece] != 1) {
			print "exceptions: \"" piece "\" is of " used[piece] + 0 " messages, not of one"
			bad++
		}
	if (!asked) {
		print scope ": no message is there: has a file another name?"
		bad++
	}
	print asked + 0 " messages about failures in " scope ", " excepted + 0 " of them excepted, " bad + 0 " faults"
	exit bad > 0
}
AWK

find client daemon/server daemon/rules/access.c daemon/rules/backing.c proto/layout proto/wire/name.c -name '*.c' | sort | xargs awk -f "$work/literals.awk" |
	awk -f "$work/messages.awk" >"$work/messages"
find tests/e2e -name 'test_shmctl*.sh' | sort | xargs awk -f "$work/patterns.awk" >"$work/scripts"
find tests/e2e tests/unit -name '*.c' | sort | xargs awk -f "$work/literals.awk" | awk -f "$work/compared.awk" |
	cat "$work/scripts" - >"$work/tests"

# judge SCOPE PIECES: of the messages whose files match SCOPE.
judge() {
	awk -v scope="$1" -v verbose="${VERBOSE:-}" -f "$work/judge.awk" "$work/messages" "$work/exceptions" "$2" ||
		failed=1
}
failed=0
judge ^client/shmctl/ "$work/scripts"
judge '^(client/(core|formats)|proto)/' "$work/tests"
judge '^daemon/(server|rules)/' "$work/tests"
exit $failed
