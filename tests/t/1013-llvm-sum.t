#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Raw profiles that are added up as arrays give the bytes of llvm-profdata, which adds records.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

export builddir
tool=$builddir/tests/lib/llvm-tool
majors=$("$tool" majors | cut -d' ' -f1)
[ -n "$majors" ] || skip_all "built without LLVM"
# shellcheck disable=SC2086 # words
majors=$(ends $majors | tr ' ' '\n')

# Two programs that share functions; calls through pointers, some to what is not instrumented.
cat >shared.h <<'EOT'
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int add(int a) { return a + 3; }
static int mul(int a) { return a * 5 & 0xffff; }
static int neg(int a) { return -a; }
static int (*const calls[])(int) = { add, toupper, mul, abs, neg, tolower, isalpha };
__attribute__((noinline)) int all(int n, int step)
{
	static char from[600], to[600];
	int acc = n;

	for (int i = 0; i < 40 * n; i += step) {
		acc = calls[(i * n + step) % 7](acc);
		memcpy(to, from, (size_t)(i * step % 600));
	}
	return n > 1 && step > 1 ? acc + to[n] : acc;
}
EOT
cat >a.c <<'EOT'
#include "shared.h"
int main(int c, char **v) { printf("%d\n", all(c > 1 ? atoi(v[1]) : 1, c)); return 0; }
EOT
cat >b.c <<'EOT'
#include "shared.h"
int only(int n) { return n > 2 ? only(n - 1) : add(n); }
int main(int c, char **v) { printf("%d\n", all(atoi(v[c - 1]) + 1, 1) + only(c)); return 0; }
EOT

# profraws KIND FLAGS: KIND-a1.profraw to KIND-a5.profraw and KIND-b1.profraw to KIND-b4.profraw
profraws() {
	kind=$1
	shift
	for p in a b; do
		"clang-$v" -O2 "$@" $p.c -o "$kind-$p" -Wl,--build-id >build.log 2>&1 || {
			diag <build.log
			return 1
		}
		for n in 1 2 3 4 5; do
			LLVM_PROFILE_FILE=$kind-$p$n.profraw ./"$kind-$p" "$n" >/dev/null || return 1
		done
	done
}

# same NR OPTIONS -- WEIGHT,FILE...: both merge, alike, and NR of the files were added up.
same() {
	nr=$1 options=
	shift
	while [ "$1" != -- ]; do
		options="$options $1"
		shift
	done
	shift
	weighted=
	for input; do weighted="$weighted -weighted-input=$input"; done
	rm -f theirs ours
	# shellcheck disable=SC2086
	"llvm-profdata-$v" merge -j=1 $options $weighted -o theirs || return 1
	# shellcheck disable=SC2086
	"$tool" merge "$v" ours -j 1 $options "$@" >ours.txt && cmp theirs ours || return 1
	grep " summed $nr " ours.txt || { diag <ours.txt; return 1; }
}

for v in $majors; do
	for t in "clang-$v" "llvm-profdata-$v"; do
		have "$t" || { skip 1 "no $t"; continue 2; }
	done
	mkdir "$tmp/$v" && cp ./*.h ./*.c "$tmp/$v" && cd "$tmp/$v" || exit 1
	ok "$v: profiles of -fprofile-generate" profraws ir -fprofile-generate
	ok "$v: of a program that is not moved in memory" profraws no -fprofile-generate -no-pie
	ok "$v: profiles of -fprofile-instr-generate" profraws fe -fprofile-instr-generate
	"llvm-profdata-$v" merge -o ir.profdata ir-a1.profraw ir-b2.profraw
	ok "$v: context-sensitive profiles" profraws cs -fprofile-use=ir.profdata \
		-fcs-profile-generate -Wno-profile-instr-unprofiled
	for options in ir no fe cs "ir -text" "ir -sparse" "cs -text"; do
		kind=${options%% *} options=${options#"${options%% *}"}
		# shellcheck disable=SC2086
		{
		ok "$v: $kind $options, one program" same 5 $options -- 1,$kind-a1.profraw \
			1,$kind-a2.profraw 1,$kind-a3.profraw 1,$kind-a4.profraw 1,$kind-a5.profraw
		ok "$v: $kind $options, two programs and weights" same 7 $options -- \
			2,$kind-b1.profraw 1,$kind-a2.profraw 7,$kind-a1.profraw \
			3,$kind-b3.profraw 1,$kind-b2.profraw 90,$kind-a5.profraw 4,$kind-a1.profraw
		}
	done
	"llvm-profdata-$v" merge -o fe.profdata fe-a1.profraw fe-b2.profraw
	ok "$v: another form between" same 5 -- 5,fe-a1.profraw 2,fe-b1.profraw 1,fe.profdata \
		1,fe-a2.profraw 1,fe-b3.profraw 1,fe-a4.profraw
	ok "$v: another form between values" same 2 -- 5,ir-a1.profraw 2,ir-b1.profraw \
		1,ir.profdata 1,ir-a2.profraw 1,ir-b3.profraw 1,ir-a4.profraw
	ok "$v: weights behind another form" same 0 -- 1,ir.profdata 3,ir-a2.profraw 2,ir-a3.profraw
	cat ir-a1.profraw ir-b1.profraw >ab.profraw
	cat ir-b1.profraw ir-a1.profraw ir-a2.profraw >baa.profraw
	ok "$v: several profiles in a file" same 4 -- 3,ab.profraw 2,baa.profraw 1,ir-a3.profraw \
		1,baa.profraw
	{ cat ir-a1.profraw; head -c 24 /dev/zero; } >padded.profraw
	ok "$v: zeros at the end" same 2 -- 1,padded.profraw 1,ir-a2.profraw

	# Whatever the number of threads.
	for n in 1 2 3 8; do
		"$tool" merge "$v" threads-$n -j 1 -threads $n 2,ir-a1.profraw 1,ir-b1.profraw \
			3,ir-a2.profraw 1,baa.profraw 5,ir-a4.profraw 1,ir-b5.profraw 1,ir-a5.profraw \
			>/dev/null
		ok "$v: the same with $n threads" cmp threads-1 threads-$n
	done

	# A weight that leads to the limit is left to LLVM, which counts what stops there.
	ok "$v: counts at their limit" same 0 -- 18446744073709551615,ir-a1.profraw 1,ir-a1.profraw

	# Reading without LLVM says what LLVM says.
	for kind in ir fe cs; do
		"llvm-profdata-$v" merge -o one.profdata $kind-a3.profraw
		is "$("$tool" read 0 $kind-a3.profraw | tail -n +2)" \
			"$("$tool" read "$v" one.profdata | tail -n +2)" "$v: $kind is read alike"
	done

	# What is no good is told of as if it came alone, and nothing is written.
	rm -f ours
	head -c 300 ir-a3.profraw >cut.profraw
	exits 7 "$v: a truncated file among others" "$tool" merge "$v" ours -j 1 1,ir-a1.profraw \
		1,ir-a2.profraw 1,cut.profraw 1,ir-a4.profraw
	like "$err" "^error format: 'cut.profraw' is truncated or corrupt at byte [0-9]+ of 300" \
		"$v: is named"
	exits 7 "$v: front end among IR" "$tool" merge "$v" ours -j 1 1,ir-a1.profraw \
		1,ir-a2.profraw 1,fe-a1.profraw
	like "$err" "^error mismatch: 'fe-a1.profraw' is of -fprofile-instr-generate, but 'ir-a1" \
		"$v: is named"
	exits 2 "$v: a file that is not there" "$tool" merge "$v" ours -j 1 1,ir-a1.profraw \
		1,ir-a2.profraw 1,none.profraw
	nok "$v: nothing is written" test -e ours
done

# A site of more than 255 values: each merge drops the rarest.
awk 'BEGIN {
	print "#include <stdlib.h>"
	for (i = 0; i < 900; i++) {
		printf "static int f%d(int a) { return a + %d; }\n", i, i
		names = names "f" i ", "
	}
	printf "static int (*const all[])(int) = { %s };\n", names
	print "int main(int c, char **v) { int n = atoi(v[c - 1]), s = 0;"
	print "for (int i = 0; i < 9000; i++) s += all[i * n % 900](i); return s == 1; }"
}' >"$tmp/many.c"
for v in $majors; do
	[ -d "$tmp/$v" ] && cd "$tmp/$v" || continue
	"clang-$v" -O1 -fprofile-generate "$tmp/many.c" -o many
	inputs=
	for n in 1 7 11 13 17 19 23 29 31 37 41 43 47 49 53 59 61 67 71 73; do
		LLVM_PROFILE_FILE=many-$n.profraw ./many $n
		inputs="$inputs 1,many-$n.profraw"
	done
	# shellcheck disable=SC2086
	ok "$v: more values than a site can have" same 20 -- $inputs
	# shellcheck disable=SC2086
	ok "$v: and weighted" same 21 -- 7,${inputs#*,} 5,many-7.profraw
done

# Other forms of instrumentation, where this clang has them.
if [ -d "$tmp/$v" ] && [ "$v" -ge 19 ]; then
	cd "$tmp/$v" || exit 1
	profraws tp -fprofile-generate -mllvm -pgo-temporal-instrumentation
	profraws bc -fprofile-generate -mllvm -pgo-function-entry-coverage
	profraws mc -fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc
	cp a.c a.cc
	profraws eo -fprofile-generate -mllvm -pgo-instrument-entry
	ok "$v: coverage of functions" same 3 -- 3,bc-a1.profraw 1,bc-b2.profraw 2,bc-a3.profraw
	ok "$v: bitmaps" same 3 -- 3,mc-a1.profraw 1,mc-b2.profraw 2,mc-a3.profraw
	ok "$v: bitmaps as text" same 3 -text -- 3,mc-a1.profraw 1,mc-b2.profraw 2,mc-a3.profraw
	ok "$v: entries" same 3 -- 3,eo-a1.profraw 1,eo-b2.profraw 2,eo-a3.profraw
	ok "$v: traces are left to LLVM" same 0 -- 3,tp-a1.profraw 1,tp-a2.profraw 2,tp-a3.profraw
	cat >v.cc <<-'EOT'
	struct shape { virtual ~shape() {} virtual long area() const = 0; };
	struct square : shape { long a; square(long x) : a(x) {} long area() const override { return a * a; } };
	struct strip : shape { long a; strip(long x) : a(x) {} long area() const override { return a * 3; } };
	int main(int argc, char **)
	{
		long sum = 0;
		for (int i = 0; i < 300; i++) {
			shape *s = i % (argc + 1) ? (shape *)new square(i) : (shape *)new strip(i);
			sum += s->area();
			delete s;
		}
		return sum == 1;
	}
	EOT
	"clang++-$v" -O2 -fprofile-generate -mllvm -enable-vtable-value-profiling v.cc -o vt
	LLVM_PROFILE_FILE=vt-1.profraw ./vt
	LLVM_PROFILE_FILE=vt-2.profraw ./vt x
	ok "$v: virtual tables are left to LLVM" same 0 -- 3,vt-1.profraw 1,vt-2.profraw
	ok "$v: virtual tables as text" same 0 -text -- 1,vt-1.profraw 1,vt-2.profraw
	for kind in tp-a1 bc-a1 mc-a1 vt-2; do
		"llvm-profdata-$v" merge -o one.profdata $kind.profraw
		is "$("$tool" read 0 $kind.profraw | tail -n +2)" \
			"$("$tool" read "$v" one.profdata | tail -n +2)" "$v: $kind is read alike"
	done
else
	skip 11 "no clang of LLVM 19 or later"
fi

# A raw profile for another LLVM than its maker's says what the text of the maker says.
old=$(echo "$majors" | tail -n 1)
if [ -d "$tmp/$v" ] && [ -d "$tmp/$old" ] && [ "$old" -lt 17 ] && [ "$v" -ge 19 ]; then
	for pair in "$old $v" "$v $old"; do
		from=${pair% *} to=${pair#* }
		cd "$tmp/$from" || exit 1
		for kind in ir fe cs; do
			"llvm-profdata-$from" merge -j=1 -text -o from.proftext -weighted-input=3,$kind-a1.profraw \
				-weighted-input=1,$kind-b2.profraw
			"llvm-profdata-$to" merge -o want.profdata from.proftext
			"$tool" merge "$to" have.profdata -j 1 3,$kind-a1.profraw 1,$kind-b2.profraw >res.txt
			is "$("llvm-profdata-$to" merge -text -o - have.profdata)" \
				"$("llvm-profdata-$to" merge -text -o - want.profdata)" \
				"$kind of LLVM $from for LLVM $to"
		done
	done
	cd "$tmp/$v" || exit 1
	run "$tool" merge "$old" ours -j 1 1,mc-a1.profraw 1,mc-a2.profraw
	like "$out" " lost [1-9]" "bitmaps that LLVM $old has no place for are counted"
	run "$tool" merge "$old" ours -j 1 1,tp-a1.profraw 1,tp-a2.profraw
	like "$out" " lost [1-9]" "so are traces"
	run "$tool" merge "$old" ours -j 1 1,ir-a1.profraw 1,ir-a2.profraw
	like "$out" " lost 0 " "but nothing is where nothing is"
else
	skip 9 "no two majors of different raw versions"
fi
done_testing
