#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Merged .gcda trees are byte for byte what libgcov leaves when the same runs are made one after
# another into one folder; real compilers, programs and tools are the judges.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

tool=$builddir/tests/lib/gcda-merge-tool
compilers=
for cc in gcc-11 gcc-12 gcc-13 gcc-14 gcc-15; do
	have $cc && have "gcov-tool-${cc#gcc-}" && compilers="$compilers $cc"
done
[ -n "$compilers" ] || need gcc-12 gcov-tool-12

# --- a program with every kind of counter: its arguments are base, span, count and a mode
mkdir src
{
	echo '#include "p.h"'
	i=0
	while [ $i -lt 60 ]; do
		echo "static unsigned op$i(unsigned x) { return x * ${i}u ^ (x >> ($i % 13)); }"
		i=$((i + 1))
	done
	echo 'static unsigned (*const ops[60])(unsigned) = {'
	i=0
	while [ $i -lt 60 ]; do
		echo "op$i,"
		i=$((i + 1))
	done
	echo '};'
	echo 'unsigned call(unsigned which, unsigned x) { return ops[which % 60](x); }'
	echo 'unsigned never(unsigned x)'
	echo '{ unsigned s = 0; while (x--) s += ops[x % 60](x) / (x + 1); return s; }'
} >src/ops.c
cat >src/p.h <<'END'
#include <stddef.h>
#include <string.h>
unsigned call(unsigned which, unsigned x);
unsigned never(unsigned x);
unsigned divide(unsigned x, unsigned d);
int divide_signed(int x, int d);
void copy(char *to, const char *from, size_t n);
END
cat >src/divide.c <<'END'
#include "p.h"
unsigned divide(unsigned x, unsigned d) { return x / d + x % (d + 1) + x % (d * 3u); }
int divide_signed(int x, int d) { return d ? x / d : 0; }
void copy(char *to, const char *from, size_t n) { memcpy(to, from, n); memset(to + n, 1, n / 2); }
END
cat >src/main.c <<'END'
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "p.h"
static unsigned state;
static volatile unsigned sink;
static char a[4096], b[4096];
static unsigned next(void) { state = state * 1664525u + 1013904223u; return state >> 8; }
static void work(unsigned base, unsigned span, unsigned n)
{
	unsigned s = 0;
	for (unsigned i = 0; i < n; i++) {
		unsigned v = base + next() % span;
		s += call(v, i) + divide(i * 7919u, v + 1);
		s += (unsigned)divide_signed((int)i, (int)v - 20);
		copy(a, b + (v & 7), v % 100);
	}
	sink += s;
}
static void early(void) { sink++; }
static void late(void) { sink += 2; }
static void *thread(void *arg)
{
	unsigned s = 0;
	for (unsigned i = 0; i < 1000; i++) s += divide(i, 7);
	sink += s;
	return arg;
}
int main(int argc, char **argv)
{
	unsigned base = (unsigned)atoi(argv[1]), span = (unsigned)atoi(argv[2]);
	unsigned n = (unsigned)atoi(argv[3]);
	const char *mode = argc > 4 ? argv[4] : "";
	pthread_t t;
	pid_t child;
	state = base * 31 + span * 7 + n;
	if (strchr(mode, 'l')) late();
	if (strchr(mode, 'e')) early();
	late();
	work(base, span, n);
	if (strchr(mode, 'f')) {
		child = fork();
		if (!child) { work(base + 5, span, n / 2); exit(0); }
		waitpid(child, NULL, 0);
		work(base, 1, 3);
	}
	if (strchr(mode, 't')) {
		pthread_create(&t, NULL, thread, NULL);
		pthread_join(t, NULL);
	}
	if (strchr(mode, 'n')) sink += never(n);
	return 0;
}
END

# build CC DIR [FLAG...]: no address may differ from run to run, for the OR counters of pointers.
build() {
	build_cc=$1 build_dir=$2
	shift 2
	mkdir -p "$build_dir" && cd "$build_dir" || return
	for f in main ops divide; do
		$build_cc -O2 -fno-pie -fprofile-generate -pthread "$@" \
			-c "$tmp/work/src/$f.c" -o $f.o || return
	done
	$build_cc -no-pie -fprofile-generate -pthread main.o ops.o divide.o -o prog || return
	cd "$tmp/work" || return
}

# compare DIR RUN...: run is "ARGS" or "ARGS|WEIGHT". Leaves seq, r1, r2 ... and out in cmp.
compare() {
	prog=$1/prog
	shift
	rm -rf cmp
	mkdir cmp
	trees=
	i=0
	for spec; do
		args=${spec%|*} weight=1
		[ "$spec" = "$args" ] || weight=${spec#*|}
		i=$((i + 1))
		k=0
		while [ $k -lt "$weight" ]; do
			GCOV_PREFIX=$tmp/work/cmp/seq "$prog" $args || return
			k=$((k + 1))
		done
		GCOV_PREFIX=$tmp/work/cmp/r$i "$prog" $args || return
		trees="$trees cmp/r$i:$weight"
	done
	"$tool" merge cmp/out "$strip" $trees >cmp/log || return
	if [ -n "$strip" ]; then
		mv "cmp/seq/$strip" cmp/seq-stripped || return
		diff -r cmp/seq-stripped cmp/out
	else
		diff -r cmp/seq cmp/out
	fi
}

# random: from seed, the base, span and count of a run, and its weight.
random() {
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	runs="$((seed / 7 % 50)) $((seed / 350 % 80 + 1)) $((seed / 28000 % 900))"
	runs="$runs|$((seed / 99 % 6 + 1))"
}

field() { sed -n "s/^$1 //p" cmp/log; }

# use CC FILE: optimize it with the profile in use/; source paths are in the checksums.
use() {
	(cd use && "$1" -O2 -fno-pie -fprofile-use -Wmissing-profile -Wcoverage-mismatch -Werror \
		-pthread -c "$tmp/work/src/$2.c" -o "$2.o")
}

for cc in $compilers; do
	v=${cc#gcc-}
	strip=
	ok "$cc: builds the program" build "$cc" "$tmp/work/b$v"
	ok "$cc: one run" compare "b$v" "0 5 1000"
	ok "$cc: three runs" compare "b$v" "0 5 1000" "10 5 200" "3 9 500 l"
	ok "$cc: weights" compare "b$v" "0 5 100|3" "10 5 200|2" "3 9 500 le|7"
	ok "$cc: zero counters become counts, and functions get earlier" \
		compare "b$v" "0 1 1|2" "0 9 90 n|2" "0 9 90 lnt"
	ok "$cc: threads and forks" compare "b$v" "0 20 3000 ft|2" "0 9 100 f" "4 9 100 ft|2"
	ok "$cc: lists overflow" compare "b$v" "0 60 3000 e" "30 60 300" "7 90 500 le" "0 2 10"
	ok "$cc: lists overflow, with weights" \
		compare "b$v" "0 60 300|3" "30 60 3000 e|9" "7 90 500 le|5" "0 2 10|20" "9 33 400|4"
	is "$(field saturated)" 0 "$cc: nothing reached its limit"
	# The total of a list that lost values is negative, so this was no easy case.
	gcov-dump-$v -l "cmp/out/$tmp/work/b$v/ops.gcda" >cmp/dump
	like "$(grep -A1 'indirect_call [1-9]' cmp/dump)" ' 0: -[0-9]+ 32 ' \
		"$cc: gcov-dump shows a list that is full and lost values"
	seed=$v
	for round in 1 2 3 4 5 6 7 8; do
		set --
		for n in 1 2 3 4; do
			random
			set -- "$@" "$runs"
		done
		ok "$cc: random runs: $*" compare "b$v" "$@"
	done

	# With %p each process has its own tree, and even full lists come out as libgcov's.
	rm -rf cmp
	mkdir cmp
	GCOV_PREFIX=$tmp/work/cmp/seq "b$v/prog" 30 60 900
	GCOV_PREFIX=$tmp/work/cmp/seq "b$v/prog" 0 60 3000 f
	GCOV_PREFIX=$tmp/work/cmp/first "b$v/prog" 30 60 900
	GCOV_PREFIX=$tmp/work/cmp/p/%p "b$v/prog" 0 60 3000 f &
	parent=$!
	wait $parent
	"$tool" merge cmp/out "" cmp/first:1 $(find cmp/p -mindepth 1 -maxdepth 1 ! -name $parent | sed 's/$/:1/') \
		cmp/p/$parent:1 >cmp/log
	ok "$cc: full lists of forks, each with its own tree" diff -r cmp/seq cmp/out

	strip=${tmp#/}/work/b$v
	ok "$cc: names are stripped" compare "b$v" "0 60 3000" "30 9 300|2"
	is "$(cd cmp/out && echo *)" "divide.gcda main.gcda ops.gcda" "$cc: to the object's own"
	is "$(field files) $(field inputs)" "3 6" "$cc: the result counts files"
	gcov-dump-$v -l cmp/out/*.gcda >cmp/dump
	is "$(field functions)" "$(grep -c 'FUNCTION ident' cmp/dump)" "$cc: and functions"
	is "$(field counters)" \
		"$(awk 'sub(/.*COUNTERS arcs /, "") { s += $1 } END { print s }' cmp/dump)" \
		"$cc: and arcs"
	"$tool" read cmp/out >cmp/model
	is "$(sed -n 's/^total //p' cmp/model)" "$(field total)" "$cc: the model has the same total"
	like "$(cat cmp/model)" \
		"^ops.gcda:[0-9]+ hash [0-9a-f]{16} arcs [0-9]+ sum [0-9]+ sites 1 " \
		"$cc: and its functions"
	is "$(sed -n 's/^version //p' cmp/model)" "$v" "$cc: and the GCC release"

	ok "$cc: gcov-tool merges it" gcov-tool-$v merge cmp/out cmp/out -o cmp/twice
	like "$(gcov-tool-$v overlap cmp/out cmp/out 2>&1)" 'hot files:[[:space:]]+3[[:space:]]+3' \
		"$cc: gcov-tool compares it"
	rm -rf use
	cp -r cmp/out use
	for f in main ops divide; do
		ok "$cc: takes the profile of $f" use $cc $f
	done
	rm use/main.gcda
	nok "$cc: and would say that there is none" use $cc main

	# --- refusals
	strip=
	compare "b$v" "0 5 100" "0 6 100"
	build "$cc" "$tmp/work/other/b$v" -DOTHER -O1 >/dev/null 2>&1
	GCOV_PREFIX=$tmp/work/cmp/o other/b$v/prog 0 5 100
	mkdir -p cmp/o2 && mv "cmp/o/$tmp/work/other/b$v" cmp/o2/x
	mkdir -p cmp/r2b && mv "cmp/r2/$tmp/work/b$v" cmp/r2b/x
	exits 7 "$cc: another build is refused" "$tool" merge cmp/no "" cmp/r2b:1 cmp/o2:1
	like "$err" "^mismatch: 'cmp/o2/x/[a-z]*.gcda' is of another build than 'cmp/r2b/x/" \
		"$cc: by file"
	ok "$cc: and nothing is left" test ! -e cmp/no -a ! -e cmp/no.tmp

	GCOV_PREFIX=$tmp/work/cmp/k b$v/prog 0 5 100
	: >"cmp/k/$tmp/work/b$v/ops.gcda"
	exits 7 "$cc: a file of a killed process is refused" "$tool" merge cmp/no "" cmp/k:1
	like "$err" "ops.gcda' is empty: its process was killed" "$cc: and it says so"
	dd if="cmp/r1/$tmp/work/b$v/ops.gcda" of="cmp/k/$tmp/work/b$v/ops.gcda" bs=1 count=500 \
		2>/dev/null
	exits 7 "$cc: a cut file is refused" "$tool" merge cmp/no "" cmp/k:1
	like "$err" "ops.gcda' is truncated or corrupt at byte (4[89]|500)" "$cc: with the place"
	exits 7 "$cc: reading it, too" "$tool" read cmp/k
done

set -- $compilers
if [ $# -gt 1 ]; then
	rm -rf cmp
	GCOV_PREFIX=$tmp/work/cmp/a b${1#gcc-}/prog 0 5 100
	GCOV_PREFIX=$tmp/work/cmp/b b${2#gcc-}/prog 0 5 100
	exits 7 "files of two compilers are refused" "$tool" merge cmp/no "" cmp/a:1 cmp/b:1
	like "$err" "is of GCC version 'B[0-9]{2}.', but files before it are of 'B[0-9]{2}.'" \
		"and both are named"
else
	skip 2 "only one gcc"
fi

mkdir empty
exits 2 "a folder without profiles is an error" "$tool" merge no "" empty:1
like "$err" "no .gcda file below 'empty'" "that names it"
done_testing
