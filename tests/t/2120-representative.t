#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pgoctl diff with a recording of production: what was not trained, and weights that come nearer.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 gcc-12 perf jq
mkdir p && cd p || exit 1
perf record -q -e cpu-clock:u -o probe.data true 2>/dev/null || skip_all 'perf may not record here'

cat >a.c <<'X'
#include <stdlib.h>
static volatile unsigned sink;
#define WORK(name, step) \
__attribute__((noinline)) void name(int n) { unsigned x = 1; for (int i = 0; i < n; i++) x = step; sink += x; }
WORK(numbers, x * 1103515245u + 12345u)
WORK(words, x + ((x >> 3) ^ (unsigned)i))
WORK(rare, x ^ (x << 1 | 1))
int main(int argc, char **argv)
{
	if (argc < 4) return 1;
	int a = atoi(argv[1]), b = atoi(argv[2]), c = atoi(argv[3]);
	int n = argc > 4 ? atoi(argv[4]) : 10000;
	for (int i = 0; i < a; i++) numbers(10000);
	for (int i = 0; i < b; i++) words(n);
	for (int i = 0; i < c; i++) rare(10000);
	return 0;
}
X
gcc-12 -O1 a.c -o production && perf record -q -e cpu-clock:u -F 2000 -o words.data ./production 0 1 0 200000000 &&
	perf record -q -e cpu-clock:u -F 2000 -o perf.data ./production 20000 5000 3000 ||
	{ echo 'Bail out! cannot record'; exit 1; }
for cc in clang-22 gcc-12; do
	cat >pgo.yaml <<X
version: 1
toolchain: {cc: $cc}
build: {command: "\$CC -O1 a.c -o a", artifacts: [a], exclude: ["*.data"]}
workloads:
  - {name: numbers, run: '"\$PGO_OUT/a" 100 0 0'}
  - {name: words, run: '"\$PGO_OUT/a" 0 100 0'}
X
	exits 0 "$cc: collected" "$pgoctl" collect
	exits 0 'beside production' "$pgoctl" diff merged.prof perf.data
	like "$out" '^untrained   [0-9.]+ % of the program.s samples, in 1 functions' 'what was not trained'
	like "$out" '^ +[0-9.]+ % +0.0 %  rare' 'is named'
	like "$out" '^ +[0-9.]+ % +(49.9|50.0) %  numbers' 'and what was has both shares'
	exits 0 'weights' "$pgoctl" diff merged.prof perf.data --suggest-weights --json
	is "$(printf '%s\n' "$out" | jq -c '.weights | [(.workloads | map(.workload)), (.suggested_overlap > .overlap),
		(.workloads[0].suggested_share > 0.6), .workloads[0].suggested_weight, (.workloads[1].suggested_weight < 0.6),
		((.workloads | map(.suggested_share) | add) - 1 | fabs < 1e-9)]')" \
		'[["numbers","words"],true,true,1,true,true]' 'come nearer, by shares that are whole'
	is "$(printf '%s\n' "$out" | jq -c '[.functions[0].name, .functions[0].in_profile, .exit_code]')" '["numbers",true,0]' 'as JSON'
	exits 0 'of one workload alone' "$pgoctl" diff merged.prof words.data --suggest-weights --json
	is "$(printf '%s\n' "$out" | jq -c '.weights | [(.workloads | map(.suggested_share)), .suggested_overlap > 0.9]')" \
		'[[0,1],true]' 'it is the one'
	exits 1 'as a gate' "$pgoctl" diff merged.prof perf.data --max-diff 5%
done
exits 2 'weights want a recording' "$pgoctl" diff merged.prof merged.prof --suggest-weights
rm -rf .pgo/train/words
exits 2 'and training runs' "$pgoctl" diff merged.prof perf.data --suggest-weights
like "$err" "there is no training run of workload 'words'" 'of each workload'
done_testing
