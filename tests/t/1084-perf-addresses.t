#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Recordings without branch stacks, made here, into profiles of source lines and of BOLT.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

need perf clang-22 llvm-profdata-22
cat >work.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#define KEEP __attribute__((noinline))
extern unsigned other(unsigned n);
static inline unsigned step(unsigned s, unsigned i)
{
	if (i % 1024 == 1023)
		return s / 3;
	return s * 31 + i % 7;
}
static KEEP unsigned work(unsigned n)
{
	unsigned s = n;

	for (unsigned i = 0; i < n; i++)
		s = step(s, i);
	return s;
}
KEEP unsigned never(unsigned n) { return n * 5; }
int main(int argc, char **argv)
{
	unsigned s = 0;
	int n = argc > 1 ? atoi(argv[1]) : 1;

	for (int i = 0; i < n; i++)
		s += work(400000 + s % 3) + other(200000 + s % 3);
	if (argc > 5)
		s += never(s);
	printf("%u\n", s);
	return 0;
}
END
cat >other.c <<'END'
static __attribute__((noinline)) unsigned work(unsigned n)
{
	unsigned s = n;

	for (unsigned i = 0; i < n; i++)
		s = s * 37 + i % 11;
	return s;
}
unsigned other(unsigned n) { return work(n) + 1; }
END
lines="-g1 -fdebug-info-for-profiling"
# shellcheck disable=SC2086 # two words
clang-22 -O2 $lines -Wl,--emit-relocs,--build-id work.c other.c -o work || skip_all "no compiler"
perf record -q -F 2000 -e cpu-clock:u -o work.data ./work 400 >/dev/null 2>&1 || skip_all "perf may not record here"

# perf_has FILE SYMBOL: samples in it; ours_has PROFILE FUNCTION: its total.
perf_has() { perf script -F ip,sym -i "$1" 2>/dev/null | awk -v f="$2" '$2 == f { n++ } END { print n + 0 }'; }
ours_has() { sed -n "s/^$2:\([0-9]*\):.*/\1/p" "$1"; }

# --- LLVM
exits 0 "to text" "$pgoctl" convert work.data --to sample-text -o ours
is "$(ours_has ours work)" "$(perf_has work.data work)" "a function has the samples that perf finds"
is "$(ours_has ours main)" "$(perf_has work.data main | sed 's/^0$//')" "also one with few or none"
is "$(ours_has ours never)" "" "what never ran is not there"
like "$(cat ours)" "^ 5: step:[1-9][0-9]*$" "inlined calls are known"
like "$(cat ours)" "^  [0-9.]+: [1-9][0-9]*$" "with their lines"
heads() { sed -n 's/^[^ ].*:\([0-9]*\)$/\1/p' "$1"; }
is "$(heads ours | grep -c '^0$')" 0 "every function was entered"
exits 0 "to extbinary" "$pgoctl" convert work.data --to sample-extbinary -o ours.prof
ok "llvm-profdata makes text of it" llvm-profdata-22 merge --sample --text ours.prof -o theirs
ok "which is ours" cmp ours theirs
# shellcheck disable=SC2086 # two words
ok "clang-22 takes it" sh -c "clang-22 -O2 $lines -fprofile-sample-use=ours.prof \
	-Rpass-analysis=sample-profile -c work.c -o work.o 2>remarks"
like "$(cat remarks)" "Applied [0-9]+ samples from profile" "and uses it"
perf script --show-mmap-events -i work.data >script 2>/dev/null
exits 0 "from text" "$pgoctl" convert script --to sample-text --binary ./work -o text
ok "the same" cmp ours text

# --- BOLT
exits 0 "to fdata" "$pgoctl" convert work.data --to fdata -o ours.fdata
like "$(cat ours.fdata)" "^no_lbr cpu-clock:u:$" "says what it is"
is "$(awk '$2 == "work/1" || $2 == "work/2" { n += $4 } END { print n }' ours.fdata)" \
	"$(perf_has work.data work)" "all samples, of both functions of one name"
if have perf2bolt-22; then
	ok "perf2bolt's" perf2bolt-22 --ba -p work.data -o theirs.fdata ./work
	sort ours.fdata >a
	sort theirs.fdata >b
	ok "the same" cmp a b
	exits 0 "for perf2bolt itself" "$pgoctl" convert work.data --to preaggregated -o ours.pa
	ok "which reads it" perf2bolt-22 --pa --ba -p ours.pa -o pa.fdata ./work
	ok "as the same" sh -c 'grep -v ^no_lbr a >c; grep -v ^no_lbr pa.fdata | sort | cmp c -'
	ok "llvm-bolt takes it" sh -c 'llvm-bolt-22 work -data ours.fdata -o bolted \
		-reorder-blocks=ext-tsp >bolt.log 2>&1'
	like "$(cat bolt.log)" "[1-9][0-9]* out of [0-9]+ functions .* non-empty execution profile" "and uses it"
else
	skip 7 "no perf2bolt-22"
fi
cp work kept
strip work
exits 7 "a stripped program" "$pgoctl" convert work.data --to fdata -o none
like "$err" "'.*/work' has no symbols of functions" "has no names"
like "$err" "^hint: do not strip" "what to do is told"
mv kept work

# --- GCC
if have gcc-12; then
	gcc-12 -O2 -g1 -Wl,--build-id work.c other.c -o gnu
	perf record -q -F 2000 -e cpu-clock:u -o gnu.data ./gnu 400 >/dev/null 2>&1
	exits 0 "gcc: .afdo" "$pgoctl" convert gnu.data --to afdo-2 -o gnu.afdo
	exits 0 "gcc: is read" "$pgoctl" show --json gnu.afdo
	like "$out" '"name": "work"' "gcc: of this program"
	hot() { # OPTIONS...: functions that the compiler knows to be hot.
		rm -f work.c.*
		gcc-12 -O2 -g1 -fdump-tree-optimized-blocks "$@" -c work.c -o work.o &&
			grep -h '^;; Function .*(hot)' work.c.*optimized | sed 's/.*Function \([^ ]*\) .*/\1/'
	}
	like "$(hot -fauto-profile=gnu.afdo)" "work" "gcc-12 takes it"
	unlike "$(hot)" "work" "and has it from there"
else
	skip 5 "no gcc-12"
fi

# --- what cannot be
clang-22 -O2 -Wl,--build-id work.c other.c -o plain
perf record -q -F 1000 -e cpu-clock:u -o plain.data ./plain 100 >/dev/null 2>&1
for form in sample-text sample-extbinary afdo-1 afdo-2; do
	exits 7 "no debug information, to $form" "$pgoctl" convert plain.data --to $form -o none
	like "$err" "^hint: build it with -g1 -fdebug-info-for-profiling" "what to do is told"
done
ok "nothing is written" test ! -e none
clang-22 -O1 -Wl,--build-id work.c other.c -o work
exits 7 "the program was built again" "$pgoctl" convert work.data --to sample-text -o none
like "$err" "is of build id [0-9a-f]+, but the samples are of build id [0-9a-f]+$" "is refused"
exits 7 "the wrong debug information" "$pgoctl" convert work.data --to sample-text --allow-mismatch \
	--debug-file work.o -o none
rm work
exits 2 "the program is not here" "$pgoctl" convert work.data --to afdo-2 -o none
like "$err" "which has the samples, is not here: build id [0-9a-f]{40}$" "its build id is told"
exits 7 "no samples in the one that is named" "$pgoctl" convert work.data --to sample-text \
	--binary plain -o none
# shellcheck disable=SC2086 # two words
clang-22 -O2 $lines -fpseudo-probe-for-profiling -Wl,--build-id work.c other.c -o probes
perf record -q -F 1000 -e cpu-clock:u -o probes.data ./probes 100 >/dev/null 2>&1
exits 0 "pseudo-probes without branch stacks" "$pgoctl" convert probes.data --to sample-text -o ours
like "$err" "warning: the pseudo-probes .* are not used" "become lines, which is told"
done_testing
