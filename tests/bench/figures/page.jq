# The figures of docs/BENCHMARKS.md, from all digests.
def digits: if . < 0.1 then 4 elif . < 10 then 2 elif . < 1000 then 1 else 0 end;
def fixed:
	(fabs | digits) as $n
	| (. * pow(10; $n) | round) as $all
	| ($all | fabs | tostring | if length <= $n then "0" * ($n + 1 - length) + . else . end) as $text
	| (if $all < 0 then "-" else "" end)
		+ (if $n == 0 then $text else $text[:-$n] + "." + $text[-$n:] end);
def series: "\(.median | fixed) \(.unit)";
def spread: "\(.median | fixed) \(.unit) [\(.min | fixed), \(.max | fixed)]";
def ratio: "\(.ratio | fixed) [\(.ratio_min | fixed), \(.ratio_max | fixed)]";
def cell: gsub("\\|"; "\\|");
def row: "| " + (map(tostring | cell) | join(" | ")) + " |";
def table(heads): (heads | row), (heads | map("---") | row), (.[] | row);

# What others use, or what is easily written instead; all else is a limit, or ours in another way.
def is_peer: .what + " " + (.limit.name // "")
	| test("iceoryx|Redis|memcached|LMDB|boost|\\bck_|ZeroMQ|\\bnng\\b|pthread|mutex|pipe|seqpacket|POSIX|seqlock");
def where: if .where == "" then "" else " (\(.where))" end;
def beside: .limit.name as $name | .what | if contains($name) or $name == "limit" then "" else ", beside \($name)" end;
def target: if (.latencies or (.ratio | not)) then "\(.target | fixed) \(.ours.unit)" else .target | fixed end;
def seen: if (.latencies or (.ratio | not)) then .ours | spread else ratio end;

# Each row with the name of its program.
def rows: [.[] | .benchmark as $of | .results[] | . + {of: $of}];

def stop: if . == [] then "." else ":" end;

def machine:
	[.[] | .machine as $m | [
		.benchmark,
		"\(.date), \(.plan.rounds) rounds, load \($m.load | fixed)",
		"\($m.cpu), \($m.cores) cores, Linux \($m.kernel)",
		([.version | "shmbroker \(.)"] + [$m.compiler, "libevent \($m.libevent)"]
			+ [.notes[] | select(startswith("peers: ")) | ltrimstr("peers: ")] | join(", ")),
		"`sh tests/bench/run.sh \(.benchmark)`"
	]] | table(["Program", "Measured", "On", "With", "Command"]);

def peers_ahead: [rows[] | select(.ratio and (.latencies | not) and is_peer)] as $all
	| [$all[] | select(.ratio > 1)] as $ahead
	| "A peer is ahead in \($ahead | length) of \($all | length) rows beside one\($ahead | stop)", "",
	  if $ahead == [] then empty else ([$ahead[] | [.of, .what + where + beside, (.ours | series), (.limit | series), ratio]]
		| table(["Program", "Row", "ours", "theirs", "ratio"])), "" end;

def limits_ahead:
	[.[] | [.results[] | select(.ratio and (.latencies | not) and (is_peer | not))] as $all
		| select($all | length > 0)
		| ($all | max_by(.ratio)) as $worst
		| [.benchmark, ($all | length), ([$all[] | select(.ratio > 1)] | length),
		   "\($worst.ratio | fixed): " + ($worst | .what + where + beside)]]
	| table(["Program", "Rows beside a limit, or beside ours in another way", "of which that is ahead", "the most"]);

def missed: [rows[] | select(.met == false)] as $missed
	| [rows[] | select(has("met"))] as $all
	| "\($missed | length) of \($all | length) targets are not met\($missed | stop)", "",
	  if $missed == [] then empty else ([$missed[] | [.of, .what + where + (if .limit then beside else "" end), seen, target]]
		| table(["Program", "Row", "seen", "target"])), "" end;

if length == 0 then
	"No figures are kept in this tree. `sh tests/bench/run.sh --publish` measures them, and writes them here.", ""
else
	machine, "",
	"### Where a peer is ahead", "", peers_ahead,
	"### Where a limit is ahead", "", limits_ahead, "",
	"### Targets that are not met", "", missed,
	(.[] | "### \(.benchmark): \(.title)", "", "![\(.benchmark)](bench/\(.benchmark).svg)", "",
		(.notes[] | select(startswith("peers: ") | not) | "* \(.)"),
		(if any(.notes[]; startswith("peers: ") | not) then "" else empty end))
end
