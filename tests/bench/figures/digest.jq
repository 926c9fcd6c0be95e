# What the tree keeps of a benchmark's results: all but the single rounds, numbers with four digits, a
# row on a line.
def short:
	if type != "number" or . == 0 then .
	else (3 - (fabs | log10 | floor)) as $digits
		| if $digits >= 0 then (. * pow(10; $digits) | round) / pow(10; $digits)
		else (. / pow(10; -$digits) | round) * pow(10; -$digits) end
	end;
def digest: walk(if type == "object" and has("median") then del(.rounds) else short end);

(del(.results) | digest | tojson | .[:-1]) + ", \"results\": [\n"
	+ ([.results[] | digest | tojson] | join(",\n")) + "\n]}"
