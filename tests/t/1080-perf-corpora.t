#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Recordings of other projects: perf 3.2 to 6.16, x86 and Arm, file and pipe mode, packed or not.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

corpora=$srcdir/../shared/corpora/perf
[ -d "$corpora" ] || skip_all "no ../shared/corpora beside the source"

# number FIELD: of the JSON in $out, its number; the first one of that name.
number() { printf '%s\n' "$out" | sed -n 's/^  "'"$1"'": \([0-9]*\),*$/\1/p' | head -n 1; }

# holds FILE SAMPLES ENTRIES DISTINCT MISPREDICTED; '-' is not looked at.
holds() {
	exits 0 "$1 is read" "$pgoctl" show --json "$corpora/$1"
	is "$(number samples)" "$2" "$1: samples"
	[ "$3" = - ] || is "$(number branch_entries)" "$3" "$1: branch entries"
	[ "$4" = - ] || is "$(number distinct_branches)" "$4" "$1: distinct branches"
	[ "$5" = - ] || is "$(number mispredicted)" "$5" "$1: mispredicted"
}

holds test.lbr 9232 147712 - -
holds perf.data.branch-4.14 13 416 - -
holds perf.data.callgraph_and_branch-3.4 923 14768 6810 880
holds perf.data.lost_samples-4.4 191 0 0 0
is "$(number lost)" 2 "and what was lost"
like "$out" '"name": "instructions:pp",' "each event by its name"
is "$(printf '%s\n' "$out" | sed -n '/"events"/,/\]/s/.*"samples": \([0-9]*\),/\1/p' | paste -sd ' ')" \
	"97 80 14" "each event by its ids"
holds perf.data.piped.target-3.4 1414 0 0 0
holds sleep.data 7 0 0 0
holds sleep.compressed.data 8 0 0 0
holds sleep.compressed.pipe.data 8 0 0 0
like "$out" '"arch": "aarch64"' "a pipe's features"

f=$corpora/perf.data.piped.corrupted.zero_size_sample-3.2
exits 7 "a record without size" "$pgoctl" show "$f"
like "$err" "corrupt at byte 49104: a record of size 0$" "is refused, with its place"

# --- what of it is missing here
exits 2 "the program is not here" "$pgoctl" convert "$corpora/test.lbr" --to unsymbolized -o out
like "$err" "'/export/hda3/tmp/test.binary', which has the samples, is not here" "and named"
nok "nothing is written" test -e out
exits 7 "another program" "$pgoctl" convert "$corpora/test.lbr" --to unsymbolized -o out \
	--binary "$pgoctl"
like "$err" "^hint: samples are in: /export/hda3/tmp/test.binary, /usr/grte/v1/lib64/libc-2.3.6.so$" \
	"has none, but these have"
exits 0 "stacks need no program" "$pgoctl" convert "$corpora/perf.data.callgraph_and_branch-3.4" \
	--to collapsed --root "$tmp" -o out
is "$(awk '{ n += $NF } END { print n }' out)" 923 "each sample is in a stack"
like "$err" "warning: '.*/opt/google/chrome/chrome' is not here, its functions have no names: build id [0-9a-f]{40}$" \
	"what is missing is told with its build id"

# --- perf's own opinion
if have perf; then
	for f in test.lbr perf.data.callgraph_and_branch-3.4 perf.data.branch-4.14; do
		want=$(perf script -f -F brstack -i "$corpora/$f" 2>/dev/null | tr ' ' '\n' |
			awk -F/ '/^0x/ { n++; m += $3 == "M"; if (!seen[$1 $2]++) d++ }
				END { print n, d, m }')
		run "$pgoctl" show --json "$corpora/$f"
		is "$(number branch_entries) $(number distinct_branches) $(number mispredicted)" \
			"$want" "$f: entries, distinct and mispredicted as perf script has them"
	done
else
	skip 3 "no perf"
fi
done_testing
