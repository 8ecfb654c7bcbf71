#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pgoctl diff: its numbers are llvm-profdata's, its exit status is a gate.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 llvm-profdata-22 jq

cat >p.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef CHANGED
__attribute__((noinline)) int changed(int i)
{ if (i % 3 == 0) return i; if (i % 5 == 0) return 1; return -i; }
__attribute__((noinline)) int gained(int i) { return i * 3; }
#else
__attribute__((noinline)) int changed(int i) { return i % 3 ? i : -i; }
__attribute__((noinline)) int lost(int i) { return i * 5; }
#endif
__attribute__((noinline)) int one(int i) { int s = 0; while (i) s += i & 1, i >>= 1; return s; }
__attribute__((noinline)) int two(int i) { return i ^ 17; }
int (*volatile fs[])(int) = { one, two, changed };
char from[4096], to[4096];
int main(int argc, char **argv)
{
	int n = atoi(argv[1]), which = atoi(argv[2]), s = 0;

	for (int i = 0; i < n; i++) {
		s += fs[(i % 7 < which) ? i % 3 : i % 2](i);
		memcpy(to, from, s & 63);
#ifdef CHANGED
		s += gained(i);
#else
		if (i % 2)
			s += lost(i);
#endif
	}
	printf("%d\n", s);
	return 0;
}
END
clang-22 -O1 -fprofile-generate p.c -o p1
clang-22 -O1 -DCHANGED -fprofile-generate p.c -o p2
collect() {	# NAME PROGRAM ARGUMENT...
	name=$1
	shift
	LLVM_PROFILE_FILE="$tmp/work/$name.profraw" "$@" >/dev/null
	llvm-profdata-22 merge "$name.profraw" -o "$name.profdata"
}
collect a ./p1 1000 2
collect b ./p1 500 5
collect c ./p2 700 3

# theirs NAME: the percentage that llvm-profdata prints behind NAME.
theirs() { sed -n "s/^ *$1: \\([0-9.]*\\)%\$/\\1/p" overlap; }
# ours FILTER: a share of the JSON as a percentage.
ours() { jq "\"\\($1)\" | tonumber * 100000 | round / 1000" got.json; }
same_number() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && (a - b) ^ 2 < 1e-5) }'; }

for pair in 'a b' 'a c' 'b a' 'c b'; do
	set -- $pair
	llvm-profdata-22 overlap "$1.profdata" "$2.profdata" >overlap
	run "$pgoctl" diff --json "$1.profdata" "$2.profdata"
	printf '%s\n' "$out" >got.json
	is "$status" 1 "$pair: profiles that differ end with 1"
	ok "$pair: the overlap is llvm-profdata's" \
		same_number "$(theirs 'Edge profile overlap')" "$(ours '.diffs[0].overlap')"
	ok "$pair: of calls, too" same_number \
		"$(theirs 'IndirectCall profile overlap')" "$(ours '.diffs[0].value_overlap.call')"
	ok "$pair: and of sizes" same_number \
		"$(theirs 'MemOP profile overlap')" "$(ours '.diffs[0].value_overlap.size')"
	case $pair in *c*)
		ok "$pair: so is the share of other code" same_number \
			"$(theirs 'Mismatched count percentage (Edge)')" "$(ours '.diffs[0].share_changed')"
		ok "$pair: and of what is new" same_number \
			"$(theirs 'Percentage of Edge profile only in test_profile')" \
			"$(ours '.diffs[0].share_only_after')" ;;
	esac
done

# --- functions
run "$pgoctl" diff a.profdata c.profdata
like "$out" '^functions +0 same, 2 moved, 1 gained, 1 lost, 2 changed$' 'functions are told apart'
like "$out" '^\+[0-9.]+ % +0.00 % .* gained +- +gained$' 'what was gained'
like "$out" '^ *-[0-9.]+ % .* 0.00 % +lost +- +lost$' 'what was lost'
like "$out" ' changed +- +changed$' 'what is other code'
is "$("$pgoctl" diff -t 2 a.profdata c.profdata | grep -c ' % ')" 2 '--top says how many are listed'

# --- the gate
exits 0 'a profile is the same as itself' "$pgoctl" diff a.profdata a.profdata
llvm-profdata-22 merge --weighted-input=3,a.profdata -o a3.profdata
exits 0 'and as three times itself' "$pgoctl" diff a.profdata a3.profdata
exits 1 'b is not a' "$pgoctl" diff a.profdata b.profdata
exits 1 '12 % is not near enough' "$pgoctl" diff --max-diff 12% a.profdata b.profdata
exits 0 '13 % is' "$pgoctl" diff --max-diff 13% a.profdata b.profdata
for bad in -1% 101% -100%; do
	exits 2 "--max-diff=$bad is refused" "$pgoctl" diff --max-diff=$bad a.profdata b.profdata
done
exits 7 'so is a file that is no profile' "$pgoctl" diff a.profdata p.c
exits 2 'and one that is not there' "$pgoctl" diff a.profdata none

# --- other forms and kinds
llvm-profdata-22 merge --text a.profdata -o a.proftext
exits 0 'the text form is the same profile' "$pgoctl" diff a.proftext a.profdata
exits 0 'so is the raw one' "$pgoctl" diff a.profraw a.profdata
clang-22 -O1 -fprofile-instr-generate p.c -o pf
LLVM_PROFILE_FILE="$tmp/work/f.profraw" ./pf 1000 2 >/dev/null
run "$pgoctl" diff --json a.profdata f.profraw
is "$status $(printf '%s' "$out" | jq -c '.diffs[0] | [.by_function, .after_kind]')" \
	'1 [true,"clang front end"]' 'other kinds are compared by function'

# --- samples: the numbers of overlap --sample
cat >s1.txt <<'END'
main:3000:7
 0: 7
 4.3: 100 _Z3foov:60
 8: _Z3barv:1900
  1: 900
  3: deep:700
   1: 700
_Z3barv:500:11
 1: 200
END
cat >s2.txt <<'END'
main:2500:7
 0: 3
 4.3: 300 _Z3foov:60
 5: 10
 8: _Z3barv:1500
  1: 900
  4: other:600
   2: 600
 9: gone:30
  1: 30
_Z3bazv:500:11
 1: 200
_Z3barv:20:1
 1: 2
 7: 18
END
llvm-profdata-22 merge --sample --extbinary s2.txt -o s2.prof
for pair in 's1.txt s2.prof' 's2.txt s1.txt'; do
	set -- $pair
	llvm-profdata-22 overlap --sample "$1" "$2" >overlap
	"$pgoctl" diff --json "$1" "$2" >got.json
	ok "$pair: the similarity is llvm-profdata's" same_number \
		"$(theirs 'Whole program profile similarity')" "$(ours '.diffs[0].sample_similarity')"
	ok "$pair: so is the overlap of samples" same_number \
		"$(theirs 'Whole program sample overlap')" "$(ours '.diffs[0].sample_overlap')"
done
exits 0 'two forms of one sampled profile are the same' "$pgoctl" diff s2.txt s2.prof

# --- BOLT
cat >a.fdata <<'END'
1 main 10 1 main 30 2 100
1 one 0 1 main 30 0 300
END
cat >b.fdata <<'END'
1 main 10 1 main 30 2 50
1 main 10 1 main 38 2 50
1 two 0 1 main 30 0 100
END
is "$("$pgoctl" diff --json a.fdata b.fdata | jq -c '.diffs[0] | [.overlap, .share_only_before, .share_only_after]')" \
	'[0.25,0.75,0.5]' 'edges of BOLT are matched by their places'
if have gcc-12; then
	mkdir g h
	(cd g && gcc-12 -O1 --coverage -o p ../p.c && ./p 10 2 >/dev/null && cp ./*.gcda ../h)
	exits 0 'a tree of .gcda is the same as itself' "$pgoctl" diff g h
	(cd g && ./p 1000 5 >/dev/null)
	exits 1 'and another one after another run' "$pgoctl" diff g h
	exits 7 'it has no names to be compared with others by' "$pgoctl" diff g a.profdata
else
	skip 3 'no gcc-12'
fi
done_testing
