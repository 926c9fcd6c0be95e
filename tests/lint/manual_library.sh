#!/bin/sh
# What the library offers and what its manual pages say must be the same. Each function of a public
# header is in the NAME of exactly one page of section 3, and all that the SYNOPSIS has stands like
# that in the headers; no page names what does not exist, and each has all sections. White space and
# comments do not count. What headers have for themselves alone needs no page.
#
#   sh tests/lint/manual_library.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/../..}"
set -- docs/man/*.3.scd
[ -r "$1" ] || { echo "docs/man: there are no pages of section 3"; exit 1; }

# Every line goes in with a word before it that says what it is of.
{
	for header in client/include/shmbroker/*.h; do
		printf 'header %s\n' "$header"
		sed 's/^/h /' "$header"
	done
	for page; do
		printf 'page %s\n' "$page"
		sed 's/^/p /' "$page"
	done
} | awk '
function complain(text) {
	print text
	faults++
}

function without_comments(text, start, rest) {
	while ((start = index(text, "/*")) > 0) {
		rest = substr(text, start + 2)
		text = substr(text, 1, start - 1) " " substr(rest, index(rest, "*/") + 2)
	}
	return text
}

# TEXT without what a page does not show, and without the space that means nothing.
function plain(text, at, sign) {
	text = without_comments(text)
	gsub(/SHMB_EXPORT |static inline /, "", text)
	gsub(/[ \t\n]+/, " ", text)
	while (match(text, / [^A-Za-z_0-9 ]|[^A-Za-z_0-9 ] /)) {
		at = RSTART
		sign = substr(text, at, 2)
		sub(/ /, "", sign)
		text = substr(text, 1, at - 1) sign substr(text, at + 2)
	}
	return text
}

# The name that a plain declaration of a function gives it.
function declared(text) {
	sub(/\(.*/, "", text)
	sub(/.*[ *]/, "", text)
	return text
}

function note_functions(text, one, name) {
	while (match(text, /(SHMB_EXPORT|static inline) [^;{(=]*\([^;{]*\)[ \n\t]*[;{]/)) {
		one = substr(text, RSTART, RLENGTH - 1)
		text = substr(text, RSTART + RLENGTH)
		one = plain(one)
		sub(/ $/, "", one)
		name = declared(one)
		if (name !~ /^shmb_memcached_/ && name != "shmb_vars_section_here")
			prototype[name] = one
	}
}

# A header is read: what it has.
function end_header(text_left) {
	if (header == "")
		return
	note_functions(without_comments(text))
	all_code = all_code plain(text)
	text_left = text
	while (match(text_left, /[A-Za-z_][A-Za-z_0-9]*/)) {
		exists[substr(text_left, RSTART, RLENGTH)] = 1
		text_left = substr(text_left, RSTART + RLENGTH)
	}
	sub(/.*\/include\//, "", header)
	included["#include <" header ">"] = 1
	header = text = ""
}

# A part of a SYNOPSIS, between empty lines. Of prototypes, that need not follow each other in the
# header, each is looked at by itself.
function end_part(shown, one, n, i, name) {
	shown = plain(part)
	if (part == "" || of == "") {
		part = ""
		return
	}
	n = shown ~ /\(/ && shown !~ /^(#|typedef)/ ? split(shown, one, ";") : 0
	for (i = 1; i < n; i++) {
		name = declared(one[i])
		if (!(name in prototype))
			complain(page ": SYNOPSIS: there is no function " name)
		else if (one[i] != prototype[name])
			complain(page ": SYNOPSIS: \"" one[i] "\" is in the header \"" prototype[name] "\"")
		shown_on[name, page] = 1
	}
	if (n == 0 && index(all_code, shown) == 0)
		complain(page ": SYNOPSIS: no header has \"" part "\"")
	part = ""
}

# What LINE of a page refers to and names.
function note_names(line, rest, name) {
	rest = line
	while (match(rest, /[A-Za-z_0-9]+\*?\(3\)/)) {
		name = substr(rest, RSTART, RLENGTH)
		rest = substr(rest, RSTART + RLENGTH)
		sub(/\*?\(3\)$/, "", name)
		if (name ~ /^(lib)?shmb/)
			refers[name] = page
	}
	while (match(line, /[A-Za-z_][A-Za-z_0-9]*/)) {
		name = substr(line, RSTART, RLENGTH)
		line = substr(line, RSTART + RLENGTH)
		if (name ~ /^(shmb_|SHMB_|memcached_|MEMCACHED_)/)
			named[name] = page
	}
}

# A line of NAME, which goes up to the " - ".
function read_name(line, name) {
	if (line ~ / - ./) {
		finished[page] = 1
		sub(/ - .*/, "", line)
	}
	while (match(line, /[A-Za-z_0-9]+/)) {
		name = substr(line, RSTART, RLENGTH)
		line = substr(line, RSTART + RLENGTH)
		if (name ~ /^(shmb_|memcached_)/) {
			on[name] = on[name] " " page
			times[name]++
		}
	}
}

function read_synopsis(line) {
	if (line ~ /^```/) {
		end_part()
		in_code = !in_code
		of = ""
	} else if (!in_code)
		return
	else if (line ~ /^#include <shmbroker\//) {
		of = line
		if (!(line in included))
			complain(page ": SYNOPSIS: there is no header " substr(line, 10))
	} else if (line == "")
		end_part()
	else
		part = part (part == "" ? "" : "\n") line
}

/^header / {
	end_header()
	header = $2
	next
}
/^h / {
	if ($2 !~ /^#/ || $2 == "#define")
		text = text "\n" substr($0, 3)
	next
}
/^page / {
	end_header()
	page = name = $2
	section = part = of = ""
	in_code = 0
	gsub(/.*\/|\.3\.scd$/, "", name)
	pages[name] = page
	next
}
{
	line = substr($0, 3)
	if (line ~ /^# /) {
		section = substr(line, 3)
		has[page, section] = 1
		next
	}
	note_names(line)
	if (section == "NAME" && !(page in finished))
		read_name(line)
	if (section == "SYNOPSIS")
		read_synopsis(line)
}
END {
	for (name in prototype) {
		functions++
		where = substr(on[name], 2)
		if (times[name] == 0)
			complain(name ": no page has it in its NAME")
		else if (times[name] > 1)
			complain(name ": more than one page has it in its NAME: " where)
		else if (!((name, where) in shown_on))
			complain(where ": SYNOPSIS: " name " is missing")
	}
	if (functions == 0)
		complain("client/include/shmbroker: there are no functions")
	for (name in times)
		if (times[name] > 0 && !(name in prototype))
			complain(substr(on[name], 2) ": NAME: there is no function " name)
	for (name in named)
		if (!(name in exists) && !(name in pages))
			complain(named[name] ": there is no " name)
	for (name in refers)
		if (!(name in pages) && times[name] == 0)
			complain(refers[name] ": there is no page " name "(3)")
	count = split("NAME,SYNOPSIS,DESCRIPTION,RETURN VALUE,ERRORS,THREADS AND PROCESSES,EXAMPLE,SEE ALSO",
		wanted, ",")
	for (name in pages) {
		if (!(pages[name] in finished))
			complain(pages[name] ": NAME: a line with \" - \" is missing")
		for (i = 1; i <= count; i++)
			if (!((pages[name], wanted[i]) in has))
				complain(pages[name] ": the section " wanted[i] " is missing")
	}
	exit faults > 0
}'
