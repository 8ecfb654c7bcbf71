#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Why one side is faster: what cachegrind counts, beside the verdict and never it.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

HOME=$tmp XDG_DATA_HOME=$tmp XDG_STATE_HOME=$tmp
export HOME XDG_DATA_HOME XDG_STATE_HOME
validate() { "$pgoctl" validate --pairs 6 "$@"; }

mkdir empty
no_valgrind() { PATH=$PWD/empty "$pgoctl" validate --explain --evidence none.jsonl "$@"; }
exits 6 "without valgrind" no_valgrind -a 'exec /bin/true' -b 'exec /bin/true'
like "$err" "error: --explain needs valgrind, which is not installed" "is told"
like "$err" "hint: apt-get install valgrind" "with the package"
ok "before any pair is run" test ! -e none.jsonl

need valgrind gcc-12

cat >prog.c <<'C'
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1, s = 1, c = 0;
	for (unsigned long i = 0; i < n; i++) {
		s = s * 6364136223846793005ul + i;
#ifdef SLOW
		s ^= s >> 7;
		s *= 3;
		s ^= s >> 11;
#endif
		c += s >> 63;
	}
	return printf("%d\n", c > n) < 0;
}
C
gcc-12 -O2 -DSLOW -o old prog.c && gcc-12 -O2 -o new prog.c

# value KEY SIDE FILE: a number of the explanation.
value() { sed -n '/"explanation"/,$p' "$3" | sed -n "/\"$2\": {/,/}/s/.*\"$1\": \\([0-9]*\\).*/\\1/p"; }

run validate --explain --json --evidence ev.jsonl --report page.html \
	-a './old 400000' -b './new 400000'
ok "a validation with --explain ends" test "$status" -ne 2 -a "$status" -lt 6
cp "$tmp/out" plain.json
# Oracle: cachegrind itself.
direct() {
	valgrind --command-line-only=yes --tool=cachegrind --cache-sim=yes --branch-sim=yes \
		--cachegrind-out-file=direct.out "$@" >/dev/null 2>&1
	sed -n 's/^summary: \([0-9]*\) .*/\1/p' direct.out
}
near() {	# A B: within one in a hundred; the environment is part of what start-up reads
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a > 0 && (a - b) ^ 2 <= (a / 100) ^ 2) }'
}
ok "the baseline's instructions are cachegrind's" \
	near "$(value instructions baseline plain.json)" "$(direct ./old 400000)"
ok "the candidate's, too" near "$(value instructions optimized plain.json)" "$(direct ./new 400000)"
is "$(value processes baseline plain.json)" 1 "of one process"
like "$(cat plain.json)" '"model": "I1 [0-9]+ B, .*LL [0-9]+ B' "the model of the caches is told"
size=$(readelf -SW old | awk '$0 ~ / AX / { sub(/^ *\[ *[0-9]+\] */, ""); print $5 }' |
	while read -r hex; do echo $((0x$hex)); done | awk '{ n += $1 } END { print n }')
is "$(value text_bytes baseline plain.json)" "$size" "the code's size is what readelf says"
like "$(cat page.html)" '<h2 id="why">Why\?</h2>' "the page has it"
like "$(cat page.html)" 'mispredictions</th>' "with its counts"
nok "the evidence does not: no verdict rests on it" grep -q instructions_ ev.jsonl

# Replayed: nothing is run, what was counted in the pairs is told.
run "$pgoctl" validate --replay ev.jsonl --explain
like "$out" "command: not counted: not run: a replay runs nothing" "a replay counts nothing"
run "$pgoctl" validate --replay ev.jsonl --json
like "$(cat plain.json)" '"explanation"' "with --explain there is an explanation"
unlike "$out" '"explanation"' "without it there is none"

# Several processes: all of them, but for the shell that runs the line.
run validate --explain --json -a './old 400000 | cat; ./old 1' -b './new 400000 | cat; ./new 1'
cp "$tmp/out" many.json
is "$(value processes baseline many.json)" 3 "the processes of a line are counted"
is "$(value programs baseline many.json)" 2 "and its programs"
sum=$(($(direct ./old 400000) + $(direct ./old 1) + $(direct cat /dev/null)))
ok "their instructions are summed" awk -v a="$(value instructions baseline many.json)" \
	-v b="$sum" 'BEGIN { exit !(a > b * 0.95 && a < b * 1.05) }'
run validate --explain --json -a 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done' \
	-b 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done'
cp "$tmp/out" shell.json
ok "a line of the shell's own words has the shell's" \
	test "$(value instructions baseline shell.json)" -gt 100000

# What fails only there is told, and the verdict stands.
cat >shy <<'S'
#!/bin/sh
case $LD_PRELOAD$LD_LIBRARY_PATH in *valgrind*) exit 9 ;; esac
exec ./new 400000
S
chmod +x shy
run validate --explain -a ./shy -b ./shy
ok "a command that fails under valgrind is validated" test "$status" -lt 6
like "$out" "not counted: valgrind run of workload 'command' \(baseline\) failed with status 9" \
	"and the reason is told"

# A line's folder with a '%', which valgrind's patterns take for something else.
mkdir 'a%pb' && cp old new 'a%pb'
in_there() { (cd 'a%pb' && TMPDIR=$PWD validate --explain --json "$@"); }
run in_there -a './old 400000' -b './new 400000'
cp "$tmp/out" percent.json
ok "a '%' in a path is only that" near "$(value instructions baseline percent.json)" "$(direct ./old 400000)"

done_testing
