#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The merge of LLVM profiles is byte for byte that of llvm-profdata of the same major.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

export builddir
tool=$builddir/tests/lib/llvm-tool
majors=$("$tool" majors | cut -d' ' -f1)
[ -n "$majors" ] || skip_all "built without LLVM"
# shellcheck disable=SC2086 # words
majors=$(ends $majors | tr ' ' '\n')

cat >a.cc <<'EOF'
#include <cstdio>
#include <cstdlib>
#include <cstring>
struct shape { virtual ~shape() {} virtual long area() const = 0; };
struct square : shape { long a; square(long x) : a(x) {} long area() const override { return a * a; } };
struct strip : shape { long a; strip(long x) : a(x) {} long area() const override { return a * 3; } };
static int add(int a, int b) { return a + b; }
static int sub(int a, int b) { return a - b; }
static int mul(int a, int b) { return a * b & 0xffff; }
static int (*ops[])(int, int) = { add, sub, mul };
int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1, acc = 0;
	static char from[512], to[512];
	long sum = 0;
	for (int i = 0; i < 300 * n; i++) {
		shape *s = i % (n + 1) ? (shape *)new square(i) : (shape *)new strip(i);
		sum += s->area();
		delete s;
		acc = ops[i % (n % 3 + 1)](acc, i);
		memcpy(to, from, (size_t)(i * n % 500));
	}
	printf("%ld %d %d\n", sum, acc, to[3]);
	return 0;
}
EOF

# profraws KIND FLAGS: KIND-1.profraw to KIND-4.profraw of runs with different input.
profraws() {
	kind=$1
	shift
	"clang++-$v" -O2 "$@" a.cc -o "$kind" -Wl,--build-id >build.log 2>&1 || {
		diag <build.log
		return 1
	}
	for n in 1 2 3 4; do
		LLVM_PROFILE_FILE=$kind-$n.profraw ./"$kind" "$n" >/dev/null || return 1
	done
}

# same OPTIONS -- WEIGHT,FILE...: both merge, and alike.
same() {
	options=
	while [ "$1" != -- ]; do
		options="$options $1"
		shift
	done
	shift
	weighted=
	for input; do weighted="$weighted -weighted-input=$input"; done
	rm -f theirs ours
	# shellcheck disable=SC2086
	"llvm-profdata-$v" merge $options $weighted -o theirs &&
		"$tool" merge "$v" ours $options "$@" && cmp theirs ours
}

for v in $majors; do
	for t in "clang++-$v" "llvm-profdata-$v"; do
		have "$t" || { skip 10 "no $t"; continue 2; }
	done
	mkdir "$tmp/$v" && cp a.cc "$tmp/$v" && cd "$tmp/$v" || exit 1
	ok "$v: profiles of -fprofile-generate" profraws ir -fprofile-generate
	ok "$v: profiles of -fprofile-instr-generate" profraws fe -fprofile-instr-generate
	"llvm-profdata-$v" merge -o ir.profdata ir-1.profraw ir-2.profraw
	"llvm-profdata-$v" merge -text -o ir.proftext ir-1.profraw ir-2.profraw
	ok "$v: context-sensitive profiles" profraws cs -fprofile-use=ir.profdata \
		-fcs-profile-generate
	# Four inputs and more, LLVM's own number of threads, which must not matter here.
	for options in "" -sparse -text "-sparse -text"; do
		for kind in ir fe; do
			# shellcheck disable=SC2086
			{
			ok "$v: $kind $options, one input" same $options -- 1,$kind-1.profraw
			ok "$v: $kind $options, weights" same $options -- 3,$kind-1.profraw \
				1,$kind-2.profraw 70,$kind-3.profraw 2,$kind-4.profraw
			}
		done
		# shellcheck disable=SC2086
		{
		ok "$v: context-sensitive $options" same $options -- 2,cs-1.profraw \
			1,ir.profdata 5,cs-2.profraw
		ok "$v: raw, indexed and text $options" same $options -- 4,ir.proftext \
			1,ir-3.profraw 2,ir.profdata
		}
	done
	# Weights are in the bytes: otherwise all of the above says little.
	"llvm-profdata-$v" merge -weighted-input=1,ir-1.profraw -o one
	"$tool" merge "$v" two 2,ir-1.profraw >/dev/null
	nok "$v: another weight, other bytes" cmp one two

	# Counters stop at their limit; the tool only warns, and so do we.
	printf ':ir\nf\n1\n2\n18446744073709551610\n5\n' >big.proftext
	ok "$v: a counter at its limit" same -- 1,big.proftext 1,big.proftext
	run "$tool" merge "$v" ours 1,big.proftext 1,big.proftext
	like "$out" ' overflow 1$' "$v: is counted"
	is "$(od -An -tu1 -j8 -N1 ours | tr -d ' ')" "$(echo "$out" | sed 's/.*version //; s/ .*//')" \
		"$v: the version told is the one written"

	# The function sets differ: which parts are made is in the bytes of old versions.
	for i in 1 2 3 4 5; do
		awk -v i="$i" 'BEGIN { print ":ir"; for (k = 0; k < 900; k++) if (k % 7 != i)
			printf "fn_%x\n%d\n1\n%d\n\n", k * 7919, k % 3 ? 16 : 16 * i, k * i }' \
			>set-$i.proftext
	done
	for j in 1 2 3 4; do
		rm -f theirs ours
		"llvm-profdata-$v" merge -j=$j -o theirs set-1.proftext
		"$tool" merge "$v" ours -j $j 1,set-1.proftext >/dev/null
		ok "$v: one input in $j parts" cmp theirs ours
	done
	"llvm-profdata-$v" merge -j=1 -o theirs set-?.proftext
	"$tool" merge "$v" ours -j 1 1,set-1.proftext 1,set-2.proftext 1,set-3.proftext \
		1,set-4.proftext 1,set-5.proftext >/dev/null
	ok "$v: different functions in one part" cmp theirs ours
done

# A context-sensitive flag that the first part has not seen: llvm-profdata 14 loses it.
for v in $majors; do
	[ -f "$tmp/$v/cs-1.profraw" ] || continue
	cd "$tmp/$v" || exit 1
	"llvm-profdata-$v" merge -j=1 -o theirs ir.profdata cs-1.profraw ir-1.profraw cs-2.profraw
	"$tool" merge "$v" ours 1,ir.profdata 1,cs-1.profraw 1,ir-1.profraw 1,cs-2.profraw >/dev/null
	ok "$v: context-sensitive profiles in the second part" cmp theirs ours
done

# Other forms of instrumentation, where this clang has them.
v=$(echo "$majors" | head -n 1)
if [ -f "$tmp/$v/a.cc" ] && [ "$v" -ge 19 ]; then
	cd "$tmp/$v" || exit 1
	profraws tp -fprofile-generate -mllvm -pgo-temporal-instrumentation
	# Threads of its own would take the files in the order in which they come to them.
	ok "$v: traces" same -j 1 -- 3,tp-1.profraw 1,tp-2.profraw 2,tp-3.profraw
	ok "$v: traces as text" same -text -- 3,tp-1.profraw 1,tp-2.profraw
	profraws bc -fprofile-generate -mllvm -pgo-function-entry-coverage
	ok "$v: coverage of functions" same -- 3,bc-1.profraw 1,bc-2.profraw 2,bc-3.profraw
	profraws mc -fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc
	ok "$v: bitmaps" same -- 3,mc-1.profraw 1,mc-2.profraw 2,mc-3.profraw
	ok "$v: bitmaps as text" same -text -- 3,mc-1.profraw 1,mc-2.profraw
else
	skip 5 "no clang of LLVM 19 or later"
fi
done_testing
