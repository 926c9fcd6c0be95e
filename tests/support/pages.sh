# shellcheck shell=sh
#
# Pages whose commands are typed as they stand, for tests in the language of the shell. Sourced.
#
# Of such a page each block "sh" is typed, and the block "console" that follows is what it prints, on both
# outputs; without one it prints nothing. "..." stands for any text within a line, and blanks count as
# one, since the width of columns depends on what is in them. The last command of a block succeeds, unless the
# page ends with what shmctl says of a failure.

# page_take_apart PAGE DIRECTORY [HEADING]: the blocks of the page, or of what stands below that heading.
# DIRECTORY/1.typed, 2.typed, ... are what is typed, N.shown is what the page shows of its output, and
# N.line the number of its line. DIRECTORY/typed is all that is typed, for one shell, and has the output of
# block N go into N.seen, and its exit status into N.status.
page_take_apart() {
	awk -v directory="$2" -v heading="${3:-}" '
	BEGIN {
		quoted = directory
		gsub(/\047/, "\047\\\047\047", quoted)
		printf "" >(directory "/typed")
	}
	kind == "" && /^#/ { elsewhere = heading != "" && $0 !~ "^#+ " heading "$" }
	elsewhere { next }
	/^```sh$/ {
		n++
		printf "exec >\047%s/%d.seen\047 2>&1\n", quoted, n >(directory "/typed")
		printf "" >(directory "/" n ".shown")
		print NR >(directory "/" n ".line")
		kind = "sh"
		next
	}
	/^```console$/ { kind = "console"; next }
	/^```./ { kind = "other"; next }
	/^```$/ {
		if (kind == "sh")
			printf "echo $? >\047%s/%d.status\047\n", quoted, n >(directory "/typed")
		kind = ""
		next
	}
	kind == "sh" {
		print >(directory "/typed")
		print >(directory "/" n ".typed")
	}
	kind == "console" && n { print >(directory "/" n ".shown") }' "$1"
}

# page_blocks DIRECTORY: how many there are.
page_blocks() {
	find "$1" -name '*.line' | wc -l
}

# page_ended_well DIRECTORY/N: that block, as the page shows it.
page_ended_well() {
	if tail -n 1 "$1.shown" | grep -q '^shmctl: '; then
		[ "$(cat "$1.status")" != 0 ]
	else
		[ "$(cat "$1.status")" = 0 ]
	fi
}

# page_compare PAGE DIRECTORY: each block has printed what the page shows, and ended so. Says where not.
page_compare() {
	page_status=0
	for page_block in $(seq 1 "$(page_blocks "$2")"); do
		page_line=$(cat "$2/$page_block.line")
		if [ ! -e "$2/$page_block.seen" ]; then
			echo "$1:$page_line: the block was not reached"
			page_status=1
		elif ! page_compare_block "$2/$page_block"; then
			echo "$1:$page_line: the output of the block differs"
			page_status=1
		elif ! page_ended_well "$2/$page_block"; then
			echo "$1:$page_line: the block ended with $(cat "$2/$page_block.status")"
			page_status=1
		fi
	done
	return $page_status
}

# page_compare_block DIRECTORY/N: one of them.
page_compare_block() {
	awk '
	function plain(text) {
		gsub(/[ \t]+/, " ", text)
		sub(/^ /, "", text)
		sub(/ $/, "", text)
		return text
	}
	function pattern(text) {
		text = plain(text)
		gsub(/\.\.\./, "\001", text)
		gsub(/[][\\.*+?(){}|^$]/, "\\\\&", text)
		gsub(/\001/, ".+", text)
		return "^" text "$"
	}
	function complain(number, shown, seen) {
		printf "line %d: the page shows \"%s\", and there is \"%s\"\n", number, shown, seen
		faults++
	}
	FILENAME == ARGV[1] { shown[++lines] = $0; next }
	{
		read++
		if (read > lines)
			complain(read, "nothing more", $0)
		else if (plain($0) !~ pattern(shown[read]))
			complain(read, shown[read], $0)
	}
	END {
		while (read < lines) {
			read++
			complain(read, shown[read], "nothing more")
		}
		exit faults > 0
	}' "$1.shown" "$1.seen"
}
