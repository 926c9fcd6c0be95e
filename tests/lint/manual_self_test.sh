#!/bin/sh
# Do the lints of the manual find what they are for? Each fault is put into a copy of the pages.
#
#   sh tests/lint/manual_self_test.sh SHMCTL SHMBROKERD DAEMON-MAIN SHMCTL-PAGE PAGES
set -eu
shmctl=$1
daemon=$2
daemon_main=$3
shmctl_page=$4
pages=$5
lint=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/shmbroker-lint.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
failures=0

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

good_pages() {
	cp "$shmctl_page" "$work/shmctl.1.scd"
	cp "$pages"/*.8.scd "$pages"/*.5.scd "$work/"
	cp "$daemon_main" "$work/main.c"
}

check() {
	sh "$lint/manual.sh" "$shmctl" "$daemon" "$work/main.c" "$work/shmctl.1.scd" "$work" >"$work/out" 2>&1
}

# finds PAGE SCRIPT TEXT: when SCRIPT of sed is done to PAGE the lint fails and says TEXT.
finds() {
	sed -e "$2" "$work/$1" >"$work/changed"
	cmp -s "$work/$1" "$work/changed" && fail "$2 changes nothing in $1"
	mv "$work/changed" "$work/$1"
	if check; then
		fail "it does not find what $2 does to $1"
	elif ! grep -qF -- "$3" "$work/out"; then
		fail "on $2 in $1 it does not say \"$3\" but: $(cat "$work/out")"
	fi
	good_pages
}

good_pages
check || fail "it finds a fault in the pages: $(cat "$work/out")"
finds shmctl.1.scd 's/^## chmod$/## chmode/' 'shmctl.1.scd: does not explain, of shmctl help: chmod'
finds shmctl.1.scd 's/^## chmod$/## chmode/' 'shmctl.1.scd: explains what shmctl help does not have: chmode'
finds shmctl.1.scd '/^\*--slots\*/d' 'does not explain, of shmctl help: state set: --slots'
finds shmctl.1.scd '/^\*--json\*/d' 'does not explain, of shmctl help: OPTIONS: --json'
finds shmctl.1.scd 's/^## key$/&\n\n*--loud*/' 'explains what shmctl help does not have: key: --loud'
finds shmbrokerd.8.scd '/^\*--grace\*/d' 'shmbrokerd.8.scd: does not explain, of shmbrokerd --help: --grace'
finds shmbrokerd.8.scd 's/^\*-u\*, //' 'does not explain, of shmbrokerd --help: -u'
finds shmbrokerd.8.scd 's/^\*--grace\*/*--grief*/' 'explains what shmbrokerd --help does not have: --grief'
finds main.c 's/^\t{"grace", /\t{"grease", /' 'does not explain, of shmbrokerd --help: --grease'
finds shmbrokerd.conf.5.scd '/^\*Holds=\*/d' 'does not explain, of the configuration: Quota: Holds='
finds shmbrokerd.conf.5.scd 's/^\*Kind=\*/*Sort=*/' 'explains what the configuration does not have: Object: Sort='
finds shmbrokerd.conf.5.scd 's/^\*Holds=\*/*Bytes=*/' 'explains twice: Quota: Bytes='
finds shmbrokerd.conf.5.scd 's/^\(## .*\) and .Quota g:GROUP.$/\1/' \
	'does not explain, of the sections of the configuration: [Quota g:GROUP]'

# The look of a page.
if sh "$lint/manual_pages.sh" >"$work/out" 2>&1 || [ $? != 77 ] || ! grep -q '^NOT TESTED' "$work/out"; then
	fail "without pages manual_pages.sh does not say that nothing was tested: $(cat "$work/out")"
fi
if command -v man >/dev/null && command -v lexgrog >/dev/null && command -v groff >/dev/null; then
	printf '.TH a 1\n.SH NAME\na \\- good\n.SH TEXT\nfine\n' >"$work/a.1"
	sh "$lint/manual_pages.sh" "$work/a.1" >"$work/out" 2>&1 || fail "a good page: $(cat "$work/out")"
	printf '.TH a 1\n.SH NAME\na \\- bad\n.SH TEXT\n.NoSuchMacro\n' >"$work/a.1"
	sh "$lint/manual_pages.sh" "$work/a.1" >"$work/out" 2>&1 && fail "a page with an unknown macro passes"
	grep -q "a.1: .*NoSuchMacro" "$work/out" || fail "an unknown macro: $(cat "$work/out")"
	printf '.TH a 1\n.SH TEXT\nfine\n' >"$work/a.1"
	sh "$lint/manual_pages.sh" "$work/a.1" >"$work/out" 2>&1 && fail "a page without a name passes"
fi

[ $failures = 0 ] || exit 1
echo "every lint of the manual finds what it is for"
