#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Time merges beside the tools that they stand in for: the same files, the same
# processors, in turn, the median of five. A row is a function row_NAME that
# makes its files in a folder of its own and calls compare.
#
#	bench-merge.sh [--short] [ROW...]
#
# --short: few files, once, no time: only whether the results are the same.
# shellcheck disable=SC2317 # rows are called by name
set -u

here=$(cd "$(dirname "$0")" && pwd)
srcdir=$(cd "$here/../.." && pwd)
builddir=$(cd "${builddir:-.}" && pwd) || exit 1
export builddir
tool=$builddir/tests/lib/llvm-tool
measure=$builddir/tests/bench/measure
major=${LLVM_MAJOR:-22}
tries=5 divide=1 short=
if [ "${1:-}" = --short ]; then
	short=1 tries=1 divide=25
	shift
fi

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
failed=0

# median FILE FIELD
median() {
	cut -d' ' -f"$2" "$1" | sort -n | sed -n "$(((tries + 1) / 2))p"
}

# put_row NAME FILES BYTES SAME: of the files of measures ours and theirs
put_row() {
	if [ -n "$short" ]; then
		printf '%-32s %6d files  %s\n' "$1" "$2" "$4"
		return
	fi
	awk -v name="$1" -v nr="$2" -v bytes="$3" -v same="$4" \
		-v ours="$(median ours 1)" -v theirs="$(median theirs 1)" \
		-v cpu_ours="$(median ours 2)" -v cpu_theirs="$(median theirs 2)" \
		-v kib_ours="$(median ours 3)" -v kib_theirs="$(median theirs 3)" 'BEGIN {
		printf "%-32s %6d %7.1f %8.0f %8.0f %6.1fx %8.0f %8.0f %6.1fx %7.1f %7.1f  %s\n", name, nr, \
			bytes / 1e6, ours / 1e3, theirs / 1e3, theirs / ours, cpu_ours / 1e3, \
			cpu_theirs / 1e3, cpu_theirs / cpu_ours, kib_ours / 1024, kib_theirs / 1024, same
	}'
}

head_row() {
	[ -n "$short" ] || printf '%-32s %6s %7s %8s %8s %7s %8s %8s %7s %7s %7s  %s\n' merge files \
		MB ms 'ms tool' faster cpu-ms tool faster MiB tool result
}

# compare NAME FILE...: ours against llvm-profdata. jobs: its -j for the result to compare with.
compare() {
	name=$1
	shift
	: >ours
	: >theirs
	for file; do echo "1,$file"; done >inputs
	bytes=$(cat "$@" | wc -c)
	for _ in $(seq "$tries"); do
		# shellcheck disable=SC2046
		"$measure" "$tool" merge "$major" a.profdata -j 1 $(cat inputs) >>ours || failed=1
		"$measure" "llvm-profdata-$major" merge -o b.profdata "$@" >>theirs || failed=1
	done
	# The order of functions depends on the tool's number of threads where binaries differ.
	"llvm-profdata-$major" merge -j=1 -o c.profdata "$@" || failed=1
	if cmp -s a.profdata c.profdata; then
		put_row "$name" $# "$bytes" identical
	else
		put_row "$name" $# "$bytes" DIFFERENT
		failed=1
	fi
}

# runs NUMBER PROGRAM: so many profiles of it, in raw/
runs() {
	mkdir -p raw
	for n in $(seq "$1"); do
		LLVM_PROFILE_FILE=raw/$(basename "$2")-$n.profraw "$2" "$n" >/dev/null || failed=1
	done
}

# generate FUNCTIONS SEED: a program of so many, that shares those of low numbers with others
generate() {
	awk -v nr="$1" -v seed="$2" 'BEGIN {
		print "#include <stdlib.h>\n#include <string.h>\nstatic char from[512], to[512];"
		for (i = 0; i < nr; i++) {
			name = i < nr / 2 ? "f" i : "f" i "_" seed
			names = names name ", "
			printf "__attribute__((noinline)) int %s(int a) { int s = %d; for (int i = 0; i < a %% 7; i++) s += i * a; if (s %% 3) s++; else if (a > 90) s--; memcpy(to, from, (unsigned)(a + s) %% 512); return s; }\n", name, i
		}
		printf "static int (*const all[])(int) = { %s };\n", names
		print "int main(int c, char **v) { int n = c > 1 ? atoi(v[1]) : 1, s = 0; for (int i = 0; i < 20000; i++) s += all[(unsigned)(i * n) % (sizeof(all) / sizeof(*all))](i % 100); return s == 1; }"
	}'
}

row_sqlite() {
	src=${SQLITE_SRC:-$srcdir/examples/sqlite/src}
	if [ ! -f "$src/sqlite3.c" ]; then
		echo "sqlite: no source; run $srcdir/examples/sqlite/fetch"
		return
	fi
	"clang-$major" -O1 -fprofile-generate -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION \
		"$src/sqlite3.c" "$src/speedtest1.c" -o speed -lm || return 1
	mkdir raw
	for n in $(seq $((1000 / divide))); do
		LLVM_PROFILE_FILE=raw/$n.profraw ./speed --memdb --size $((n % 6 + 1)) >/dev/null 2>&1
	done
	compare "sqlite3, six sizes" raw/*.profraw
}

row_program() {
	generate $((4000 / divide)) 1 >p.c
	"clang-$major" -O1 -fprofile-generate p.c -o p || return 1
	runs $((200 / divide)) ./p
	compare "$((4000 / divide)) functions" raw/*.profraw
}

row_mixed() {
	for seed in 1 2 3 4; do
		generate $((1600 / divide)) "$seed" >p"$seed".c
		"clang-$major" -O1 -fprofile-generate p"$seed".c -o p"$seed" || return 1
		[ -n "$short" ] && nr=3 || nr=10
		runs "$nr" ./p"$seed"
	done
	compare "four programs" raw/*.profraw
}

# Memory must not grow with the number of files, nor time faster than it.
row_many() {
	generate 100 1 >p.c
	"clang-$major" -O1 -fprofile-generate p.c -o p || return 1
	runs 20 ./p
	nr=$((10000 / divide))
	mkdir few many
	for n in $(seq "$nr"); do
		ln raw/p-$((n % 20 + 1)).profraw many/"$n".profraw
	done
	for n in $(seq $((nr / 10))); do
		ln many/"$n".profraw few/"$n".profraw
	done
	compare "100 functions, a tenth" few/*.profraw
	compare "100 functions" many/*.profraw
}

head_row
[ $# -gt 0 ] || set -- sqlite program mixed many
for row; do
	mkdir "$tmp/$row" && cd "$tmp/$row" || exit 1
	"row_$row" || failed=1
	cd "$tmp" && rm -rf "${tmp:?}/$row"
done
exit $failed
