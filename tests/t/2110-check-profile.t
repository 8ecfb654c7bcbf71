#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pgoctl check --profile and --against: profiles that do not belong to the code, or to the last good one.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 gcc-12 jq

mkdir p && cd p || exit 1
cat >a.c <<'X'
#include <stdlib.h>
int hot(int x); int cold(int x); int words(int x);
static int local(int x) { int s = 0; for (int i = 0; i < x; i++) s += i % 3 ? i : 1; return s; }
int main(int argc, char **argv)
{
	int s = 0, n = argc > 1 ? atoi(argv[1]) : 1;
	for (int i = 0; i < n * 1000; i++)
		s += argc > 2 ? words(i) : hot(i % 100) + (i % 100 ? 0 : cold(i)) + local(3);
	return s == 12345;
}
X
cat >b.c <<'X'
int hot(int x) { int s = 0; for (int i = 0; i < x; i++) s += i & 1 ? x : -i; return s; }
int cold(int x) { int s = x; while (s > 3) s /= 3; return s; }
int words(int x) { int s = 0; for (int i = 0; i < x % 50; i++) if (i ^ x) s += i; return s; }
X
# project NUMBERS: pgo.yaml with two workloads
project() {
	cat >pgo.yaml <<X
version: 1
toolchain: {cc: $cc}
build: {command: "\$CC -O1 -g -fno-inline a.c b.c -o a", artifacts: [a], exclude: ["*.prof"]}
workloads:
  - {name: numbers, run: '"\$PGO_OUT/a" $1'}
$2
X
}
words="  - {name: words, run: '\"\$PGO_OUT/a\" 6 words'}"
# finding CHECK: good or not, by the JSON of the last run
finding() { printf '%s\n' "$out" | jq -r ".payloads[0].findings[] | select(.check == \"$1\") | .good"; }

for cc in clang-22 gcc-12; do
	project 6 "$words"
	exits 0 "$cc: collected" "$pgoctl" collect -o good.prof
	like "$("$pgoctl" show good.prof)" '^words .* 1  ' 'what a workload adds is shown'
	is "$("$pgoctl" show good.prof --json | jq -r '.manifest.workloads[1] | "\(.only_functions) \(.overlap_without < 0.9)"')" \
		'1 true' 'and is in the manifest'

	exits 0 "$cc: a profile of this code" "$pgoctl" check --profile good.prof
	like "$out" '^fresh: good.prof: 0.0 % of the profile.s counts are lost in 0 functions' 'is fresh'
	cp .pgo/stages/instrumented/out/a instrumented
	cp b.c b.old
	sed -i 's/int hot(int x) {/& if (x == 77) return 1;/' b.c
	exits 1 "$cc: one of other code" "$pgoctl" check --profile good.prof
	like "$out" '^STALE: good.prof: [1-9][0-9.]* % of the profile.s counts are lost in 1 functions; more than 5 %' 'is stale'
	like "$out" 'changed  hot .*b\.c' 'with the function and its source'
	run "$pgoctl" check --profile good.prof --json
	is "$(printf '%s\n' "$out" | jq -c '[.exit_code, .payloads[0].changed.functions, .payloads[0].matched.functions, .payloads[0].functions[0].name]')" \
		'[1,1,4,"hot"]' 'and as JSON'
	exits 0 'a limit is the user.s' "$pgoctl" check --profile good.prof --max-lost 100%
	run "$pgoctl" check --profile good.prof --error-format github
	like "$out" '^::error file=good.prof,title=profile::' 'for a job'
	like "$out" '^::warning file=b.c,title=stale profile::' 'by source'
	exits 1 "$cc: built all the same" "$pgoctl" build --profile good.prof --max-lost 5%
	like "$err" ' % of the profile.s counts are lost in 1 functions' 'with what is lost'
	like "$err" '% +mismatch +hot +b\.c' 'and whose it was'
	exits 0 'which may be allowed' "$pgoctl" build --profile good.prof --max-lost 100% --json
	is "$(printf '%s\n' "$out" | jq -c '[.exit_code, .losses.lost_functions, .losses.functions[0].function]')" '[0,1,"hot"]' 'as JSON'
	exits 0 "$cc: of a given binary" "$pgoctl" check --profile good.prof instrumented
	sed 's/hot/warm/g' b.old >b.c && sed -i.old 's/hot/warm/g' a.c
	exits 1 "$cc: a function that is gone" "$pgoctl" check --profile good.prof
	like "$out" '^gone +1 ' 'is told'
	unlike "$out" 'gcda *$' 'by the source, not by the object'
	like "$out" '^new +1 ' 'and the new one'
	mv a.c.old a.c
	printf '\n\n' | cat - b.old >b.c
	exits 0 "$cc: code that only moved" "$pgoctl" check --profile good.prof
	mv b.old b.c
	test $cc = clang-22 && like "$out" '^matched +5 ' 'is the same' || like "$out" '^moved +3 ' 'is taken'

	exits 0 "$cc: the same profile again" "$pgoctl" check --against good.prof good.prof --json
	is "$(for c in program inputs workloads functions counts 'hot set' shares; do finding "$c"; done | sort -u)" yes 'is good in all'
	project 1 "$words"
	run "$pgoctl" collect -o few.prof
	exits 1 "$cc: six times fewer counts of a workload" "$pgoctl" check --against good.prof few.prof --json
	is "$(finding counts)" no 'are the reason'
	run "$pgoctl" check --against good.prof few.prof
	like "$out" "^no +counts +.*workload 'numbers' has 0.16.* times what it had" 'with the workload'
	run "$pgoctl" check --against good.prof few.prof --error-format github
	like "$out" '^::error file=few.prof,title=profile refused%3A counts::' 'for a job'
	exits 0 'limits are the user.s' "$pgoctl" check --against good.prof few.prof \
		--min-counts 10% --max-share-change 100% --min-hot 10%
	project 6 ''
	run "$pgoctl" collect
	exits 1 "$cc: a workload that is missing, in merged.prof" "$pgoctl" check --against good.prof
	like "$out" "^no +workloads +missing: 'words'" 'is named'
	like "$out" '^no +functions ' 'and its functions are, too'
	cp b.c b.old
	sed 's/hot/f1/g; s/cold/f2/g; s/words/f3/g' b.old >b.c && sed -i.old 's/hot/f1/g; s/cold/f2/g; s/words(/f3(/g; s/main/main/' a.c
	test $cc = clang-22 && sed -i 's/local/f4/g' a.c
	run "$pgoctl" collect -o other.prof
	exits 1 "$cc: another program" "$pgoctl" check --against good.prof other.prof
	like "$out" '^no +program .*it is of another program' 'is told'
	mv b.old b.c && mv a.c.old a.c
done
exits 7 'a profile that is none' "$pgoctl" check --profile a.c
exits 2 'no such reference' "$pgoctl" check --against nowhere good.prof
exits 7 'a binary without counters' "$pgoctl" check --profile good.prof /bin/sh
like "$err" 'has no counters of' 'is told'
exits 7 'one of another family' "$pgoctl" check --profile good.prof "$pgoctl"
for bad in '' '--profile good.prof --against good.prof' '--against good.prof a b' '--profile good.prof --max-lost 200%'; do
	# shellcheck disable=SC2086
	exits 2 "refused: $bad" "$pgoctl" check $bad
done
done_testing
