# Whether a text is what monitoring reads: OpenMetrics 1.0 with -v form=open, or the older text format
# of Prometheus with -v form=text. Only what shmctl uses of them is allowed: gauges, counters and
# infos, without times and exemplars. Says every fault with its line, and ends with 1 then.

function bad(why) {
	print FNR ": " why ": " $0
	faults++
}

# What a sample of the family is called beyond it.
function ending() {
	if (form == "text")
		return ""
	return type == "counter" ? "_total" : type == "info" ? "_info" : ""
}

function check_description(kind, name) {
	if (name !~ /^[a-z][a-z0-9_]*$/)
		bad("no name")
	if (name != family) {
		if (name in families)
			bad("a family that comes twice")
		families[name]
		family = name
		type = ""
		sampled = 0
		split("", said)
	}
	if (sampled)
		bad("described behind its samples")
	if (kind in said)
		bad("said twice")
	said[kind]
	if (kind == "TYPE") {
		type = $4
		if (NF != 4 || $0 !~ (form == "open" ? " (gauge|counter|info)$" : " (gauge|counter)$"))
			bad("no type")
		if (form == "open" && type == "counter" && name ~ /_total$/)
			bad("a family that is called as its sample")
		if (form == "text" && (type == "counter") != (name ~ /_total$/))
			bad("_total and counter do not go together")
	} else if (kind == "UNIT") {
		if (form != "open" || NF != 4 || substr(name, length(name) - length($4)) != "_" $4)
			bad("no unit of that family")
	} else if (kind == "HELP") {
		if (NF < 4 || /["\\]/)
			bad("no help")
	} else {
		bad("no description")
	}
}

# The labels that REST begins with; returns what is behind them.
function check_labels(rest, label) {
	split("", labels)
	do {
		if (!match(rest, /^.[a-z_]+="([^"\\]|\\["\\n])*"/)) {
			bad("no label")
			return ""
		}
		label = substr(rest, 2, index(rest, "=") - 2)
		if (label in labels)
			bad("a label that comes twice")
		labels[label]
		rest = substr(rest, RLENGTH + 1)
	} while (substr(rest, 1, 1) == ",")
	if (substr(rest, 1, 1) != "}")
		bad("labels without an end")
	return substr(rest, 2)
}

function check_sample(rest, name, series) {
	if (!match($0, /^[a-z][a-z0-9_]*/)) {
		bad("no sample")
		return
	}
	name = substr($0, 1, RLENGTH)
	rest = substr($0, RLENGTH + 1)
	if (family == "" || name != family ending())
		bad("no sample of the family above it")
	if (!("TYPE" in said) || !("HELP" in said))
		bad("a sample of what was not described")
	sampled = 1
	if (substr(rest, 1, 1) == "{")
		rest = check_labels(rest)
	series = substr($0, 1, length($0) - length(rest))
	if (series in all)
		bad("a sample that comes twice")
	all[series]
	if (rest !~ /^ [0-9]+([.][0-9]+)?$/ || (type == "info" && rest != " 1"))
		bad("no value")
}

ended { bad("behind the end") }
$0 == "# EOF" && form == "open" { ended = 1; next }
/^#/ {
	if ($1 == "#" && !/  / && !/[ \t]$/)
		check_description($2, $3)
	else
		bad("no description")
	next
}
{ check_sample() }

END {
	if (NR == 0 || (form == "open" && !ended)) {
		print "it has no end"
		faults++
	}
	exit faults > 0
}
