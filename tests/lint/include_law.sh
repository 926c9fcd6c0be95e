#!/bin/sh
# The law of includes: who may use whom. Every #include of the sources is an arrow from the room of
# the file to the room of the header, and each must be in the table below.
#
#   sh tests/lint/include_law.sh [TREE]
#
# In some rooms the files are in an order too: no circle leads from one, by what it and its header
# include, back to itself.
#
# It also holds that a .c file includes its own header first, the private or the public one (so that
# every header stands by itself), and that each dependency is used only where it belongs.
set -eu
cd "${1:-$(dirname "$0")/../..}"

find proto client daemon docs/examples -name '*.[ch]' 2>/dev/null | sort | awk '
BEGIN {
	# room: the rooms that it may use beside itself. Each daemon room stands on those above it
	# in this list, and log is the ground that all of them stand on.
	proto = "proto/base proto/wire proto/layout"
	law["proto/base"] = ""
	law["proto/wire"] = "proto/base"
	law["proto/layout"] = "proto/base"
	law["proto/figures"] = "proto/base proto/wire"
	law["client/include"] = ""
	law["client/core"] = "client/include " proto
	law["client/formats"] = law["client/core"] " client/core"
	# Each room of shmctl stands on those above it in this list.
	shmctl = law["client/formats"] " client/formats proto/figures"
	law["client/shmctl/words"] = shmctl
	law["client/shmctl/bytes"] = shmctl " client/shmctl/words"
	law["client/shmctl/facts"] = law["client/shmctl/bytes"]
	law["client/shmctl/doctor"] = law["client/shmctl/bytes"]
	law["client/shmctl/top"] = law["client/shmctl/facts"] " client/shmctl/facts"
	law["client/shmctl/metrics"] = law["client/shmctl/top"]
	law["client/shmctl/line"] = law["client/shmctl/top"] " client/shmctl/top"
	law["client/shmctl/output"] = law["client/shmctl/line"] " client/shmctl/bytes client/shmctl/doctor client/shmctl/line"
	law["client/shmctl/commands"] = law["client/shmctl/output"] " client/shmctl/metrics client/shmctl/output"
	law["client/shmctl/reference"] = law["client/shmctl/output"]
	law["client/shmctl"] = law["client/shmctl/commands"] " client/shmctl/commands"
	law["docs/examples"] = "client/include"
	law["daemon/log"] = "proto/base"
	law["daemon/notify"] = "proto/base proto/wire"
	law["daemon/rules"] = "proto/base proto/wire daemon/log"
	law["daemon/objects"] = law["daemon/rules"] " daemon/rules"
	law["daemon/restart"] = law["daemon/objects"] " daemon/objects daemon/notify"
	law["daemon/server"] = law["daemon/restart"] " daemon/restart"
	law["daemon/monitoring"] = law["daemon/server"] " daemon/server proto/figures"
	law["daemon/main"] = law["daemon/monitoring"] " daemon/monitoring"

	# Rooms whose files are in an order.
	acyclic["proto/base"]
	acyclic["proto/wire"]
	acyclic["proto/figures"]
	acyclic["client/include"]
	acyclic["client/core"]
	acyclic["client/formats"]
	for (name in law)
		if (name ~ /^client\/shmctl\//)
			acyclic[name]

	# dependency: where it may be used, as the beginning of rooms.
	uses["event2/"] = "daemon/"
	uses["systemd/"] = "daemon/"
	uses["sys/acl.h"] = "daemon/"
	uses["acl/libacl.h"] = "daemon/"
	uses["uthash.h"] = "daemon/"
	uses["utlist.h"] = "daemon/"
	uses["ini.h"] = "daemon/rules"
	uses["jansson.h"] = "client/shmctl"
	uses["ncurses.h"] = "client/shmctl"
	uses["malloc.h"] = "daemon/restart"
	uses["xxhash.h"] = "daemon/restart client/formats"
	uses["emmintrin.h"] = "client/formats"
	uses["arpa/inet.h"] = "docs/examples"
	uses["ftw.h"] = "docs/examples"
	uses["sys/sdt.h"] = "proto/base"

	# What everybody may use: libc, and the interface of the kernel.
	n = split("assert ctype dirent dlfcn elf endian err errno fcntl fnmatch getopt grp inttypes" \
		" limits link locale poll pthread pwd sched semaphore signal spawn stdalign" \
		" stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string" \
		" strings syslog termios threads time unistd", names, " ")
	for (i = 1; i <= n; i++)
		libc[names[i] ".h"] = 1
}

function directory(path) {
	sub(/\/[^\/]*$/, "", path)
	return path
}

# The room that a file is in, "" for none of the plan.
function room(path, parts) {
	if (path ~ /^daemon\/log\.[ch]$/)
		return "daemon/log"
	if (path ~ /^daemon\/notify\.[ch]$/)
		return "daemon/notify"
	if (path ~ /^daemon\/[^\/]*$/)
		return "daemon/main"
	split(path, parts, "/")
	if ((parts[1] "/" parts[2] "/" parts[3]) in law)
		return parts[1] "/" parts[2] "/" parts[3]
	return (parts[1] "/" parts[2]) in law ? parts[1] "/" parts[2] : ""
}

# The file of ours that an include means, "" for none.
function resolve(from, name, n, i, roots) {
	n = split(directory(from) " proto daemon client client/include client/shmctl", roots, " ")
	for (i = 1; i <= n; i++)
		if ((roots[i] "/" name) in files)
			return roots[i] "/" name
	return ""
}

# A source and its header are one.
function unit(path) {
	sub(/\.[ch]$/, "", path)
	return path
}

function note_arrow(path, line, to, from) {
	from = unit(path)
	to = unit(to)
	if (!(room(path) in acyclic) || from == to || (from, to) in arrow)
		return
	arrow[from, to] = path ":" line
	stands_on[from] = stands_on[from] " " to
}

# Walk from a file to all that it stands on. TRAIL is the way that led there.
function walk(from, trail, names, n, i) {
	state[from] = "under way"
	trail = trail " " from
	n = split(stands_on[from], names, " ")
	for (i = 1; i <= n; i++)
		if (state[names[i]] == "under way") {
			print arrow[from, names[i]] ": closes a circle:" \
				substr(trail, index(trail " ", " " names[i] " ")) " " names[i]
			faults++
		} else if (state[names[i]] == "") {
			walk(names[i], trail)
		}
	state[from] = "done"
}

function contains(list, word) {
	return index(" " list " ", " " word " ") > 0
}

function fault(path, line, text) {
	print path ":" line ": " text
	faults++
}

# An include of something that is not ours.
function check_foreign(path, line, name, dependency, n, i, rooms) {
	for (dependency in uses)
		if (index(name, dependency) == 1) {
			n = split(uses[dependency], rooms, " ")
			for (i = 1; i <= n; i++)
				if (index(room(path), rooms[i]) == 1)
					return
			fault(path, line, room(path) " may not use <" name ">, only " uses[dependency] " may")
			return
		}
	if (!(name in libc) && name !~ /^(sys|linux|asm)\/[a-z0-9_-]+\.h$/)
		fault(path, line, "<" name "> is not in the table of include_law.sh: which rooms may use it?")
}

function check_include(path, line, text, name, to, ours) {
	name = text
	sub(/^[ \t]*#[ \t]*include[ \t]*[<"]/, "", name)
	sub(/[>"].*/, "", name)
	if (text !~ /"/ && name !~ /^shmbroker\//) {
		check_foreign(path, line, name)
		return ""
	}
	to = resolve(path, name)
	if (to == "") {
		fault(path, line, "\"" name "\" is no header of this tree; write <> for foreign ones")
		return ""
	}
	if (room(path) == "client/include" && text ~ /"/)
		fault(path, line, "a public header includes others as <shmbroker/...>")
	else if (room(to) != room(path) && !contains(law[room(path)], room(to)))
		fault(path, line, room(path) " may not include " to)
	if (room(to) == room(path))
		note_arrow(path, line, to)
	return to
}

# Whether TO is a header of PATH: beside it, or in public under the same name.
function is_own(path, to, base) {
	base = path
	sub(/.*\//, "", base)
	sub(/\.c$/, ".h", base)
	return to == directory(path) "/" base || to == "client/include/shmbroker/" base
}

function check_file(path, text, line, first, to, own) {
	if (room(path) == "") {
		fault(path, 1, "is in no room of the plan")
		return
	}
	own = path
	sub(/\.c$/, ".h", own)
	if (own == path || !(own in files))
		own = ""
	while ((getline text < path) > 0) {
		line++
		if (text !~ /^[ \t]*#[ \t]*include[ \t]*[<"]/)
			continue
		to = check_include(path, line, text)
		if (!first && own != "" && !is_own(path, to))
			fault(path, line, "includes its own header " own " first")
		first = 1
	}
	close(path)
}

{
	files[$0] = 1
	order[NR] = $0
}

END {
	for (i = 1; i <= NR; i++)
		check_file(order[i])
	for (i = 1; i <= NR; i++)
		if (state[unit(order[i])] == "")
			walk(unit(order[i]), "")
	if (NR == 0)
		fault(".", 0, "there are no sources here")
	exit faults > 0
}'
