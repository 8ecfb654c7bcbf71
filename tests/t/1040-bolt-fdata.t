#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# BOLT's .fdata: merged as merge-fdata does it where that is right, and taken by llvm-bolt.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
export builddir

tool=$builddir/tests/lib/profile-tool
corpora=$srcdir/../shared/corpora/bolt
merge_fdata=
for v in 22 21 20 19; do
	[ -x "/usr/lib/llvm-$v/bin/merge-fdata" ] || continue
	merge_fdata=/usr/lib/llvm-$v/bin/merge-fdata
	break
done

merge() { "$tool" merge "$@"; }

# --- sums
cat >a.fdata <<'END'
1 main 10 1 main 30 2 100
1 main 30 1 f\ one/1 0 0 7
1 f\ one/1 4 1 main 35 0 7
0 [unknown] 0 1 main 0 1 1
END
cat >b.fdata <<'END'
1 main 30 1 f\ one/1 0 1 3
1 zed 0 1 zed 8 0 5
1 main 9 1 main 30 0 2
END
ok 'two are merged' merge out 1,a.fdata 10,b.fdata
cat >want <<'END'
0 [unknown] 0 1 main 0 1 1
1 f\ one/1 4 1 main 35 0 7
1 main 9 1 main 30 0 20
1 main 10 1 main 30 2 100
1 main 30 1 f\ one/1 0 10 37
1 zed 0 1 zed 8 0 50
END
is "$(cat out)" "$(cat want)" 'with their weights, in the order of places'
merge again 10,b.fdata 1,a.fdata >/dev/null
ok 'whatever the order of the inputs' cmp out again
like "$(merge out 1,a.fdata 10,b.fdata)" \
	'^inputs 2 functions 4 counters 6 total 215 max 100 saturated 0' 'it says what it did'

if [ -n "$merge_fdata" ]; then
	merge out 1,a.fdata 1,b.fdata 1,a.fdata >/dev/null
	"$merge_fdata" a.fdata b.fdata a.fdata 2>/dev/null | LC_ALL=C sort >theirs
	LC_ALL=C sort out >ours
	ok 'merge-fdata writes the same lines' cmp ours theirs
else
	skip 1 'no merge-fdata'
fi

# --- samples without branches
printf 'no_lbr cycles:u\n1 main 4 10\n1 main 10 2\n' >s1.fdata
printf 'no_lbr br_inst:u\n1 main 4 1\n1 g 0 3\n' >s2.fdata
ok 'samples are merged' merge out 1,s1.fdata 2,s2.fdata
is "$(cat out)" "$(printf 'no_lbr br_inst:u cycles:u\n1 g 0 6\n1 main 4 12\n1 main 10 2\n')" \
	'with the events of both'
cp out before
exits 7 'samples and branches are not' merge out 1,s1.fdata 1,a.fdata
ok 'and what was there stays' cmp out before
like "$err" 'a.fdata.* has branches, the inputs before it samples' 'the error names what does not fit'

# --- memory accesses, which merge-fdata takes for branches
printf '4 main 8 3 [heap] 7f01 5\n1 main 0 1 main 8 0 1\n' >m.fdata
ok 'memory accesses are merged' merge out 1,m.fdata 1,m.fdata
is "$(cat out)" "$(printf '1 main 0 1 main 8 0 2\n4 main 8 3 [heap] 7f01 10\n')" \
	'by themselves, and come last, as llvm-bolt wants it'

# --- limits
printf '1 a 0 1 b 0 0 9223372036854775807\n' >big.fdata
like "$(merge out 3,big.fdata)" 'saturated 1' 'a sum stops at what llvm-bolt can read'
is "$(cat out)" '1 a 0 1 b 0 0 9223372036854775807' 'and is no negative number'

# --- what is refused
printf 'no_lbr\n' >empty.fdata
exits 7 'a file without a record is refused' "$tool" read empty.fdata
like "$err" 'perf2bolt leaves such a file' 'and where it comes from is said'
printf '1 main 0 1 main 8 0 1' >cut.fdata
exits 7 'a file that is cut off is refused' "$tool" read cut.fdata
{ cat a.fdata; echo '1 main zz 1 main 30 0 1'; } >bad.fdata
exits 7 'so is a line that is no record' "$tool" read bad.fdata
like "$err" "byte 114: no hexadecimal offset in line 5" 'with its place'
: >zero.fdata
exits 7 'so is a file of no bytes' "$tool" read zero.fdata
for f in a s1 m; do
	ok "no cut and no inverted byte of $f.fdata does harm" "$tool" hostile $f.fdata
done

# --- the model
"$tool" read a.fdata >got
like "$(cat got)" '^bolt branches, .*functions 3 counters 4 total 115 max 100' 'it is read'
like "$(cat got)" '^f one/1 entry 7 sum 7' 'a name is shown without its backslashes'
like "$(cat got)" '^ \|30 to f one/1\+0 mispredicted 0: 7' 'branches have their targets'

# --- a real one
if [ -f "$corpora/blarge.fdata" ]; then
	merge out "1,$corpora/blarge.fdata" "1,$corpora/blarge.fdata" >said
	like "$(cat said)" 'counters 19 total 19284' "the corpus' file added to itself"
	is "$(awk '{ m += $(NF-1) } END { print NR, m }' out)" '19 416' 'has 19 edges, 416 mispredictions'
else
	skip 2 'no corpora beside the checkout'
fi

# --- llvm-bolt reads it
bolt=
for v in 22 21 20 19; do have "llvm-bolt-$v" && bolt=llvm-bolt-$v && break; done
cc=
for c in clang-22 clang-19 gcc-12 gcc; do have $c && cc=$c && break; done
if [ -n "$bolt" ] && [ -n "$cc" ]; then
	cat >p.c <<'END'
#include <stdio.h>
__attribute__((noinline)) int f(int i) { return i % 3 ? i : -i; }
int main(void) { int s = 0; for (int i = 0; i < 1000; i++) s += f(i); printf("%d\n", s); return 0; }
END
	"$cc" -O1 -Wl,--emit-relocs p.c -o p
	$bolt p -o p.i -instrument -instrumentation-file="$tmp/work/p.fdata" >/dev/null 2>&1
	./p.i >/dev/null
	ok 'a profile of an instrumented run is merged' merge merged.fdata 3,p.fdata
	ok 'llvm-bolt takes it' $bolt p -o p.bolt -data=merged.fdata -reorder-blocks=ext-tsp
	$bolt p -o p.bolt -data=merged.fdata -reorder-blocks=ext-tsp >bolt.out 2>&1
	unlike "$(cat bolt.out)" 'corrupted|invalid profile' 'and has nothing to say against it'
	{ echo 'no_lbr cycles:u'; echo '1 main 0 5'; } >n.fdata
	merge n2.fdata 1,n.fdata 1,n.fdata >/dev/null
	$bolt p -o p.bolt -data=n2.fdata -reorder-blocks=ext-tsp >bolt.out 2>&1
	unlike "$(cat bolt.out)" 'corrupted|invalid profile|ERROR' 'nor against samples'
else
	skip 4 'no llvm-bolt or compiler'
fi
done_testing
