#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The benchmark of merging .gcda trees runs, and its results are the same as libgcov's; no speed is
# asked for here.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need gcc-12 gcov-tool-12

bench() { sh "$srcdir/tests/bench/bench-merge-gcda.sh" "$@"; }
export srcdir builddir BENCH_TREES=5 BENCH_RUNS=1 BENCH_DIR="$tmp/bench" BENCH_FILES=20
run bench files
like "$status" '^[01]$' 'it runs to its end'
is "$(printf '%s\n' "$out" | sed -n 1p)" \
	"$(printf 'row\tpeer\tours\tratio\ttarget\tmet\tidentical')" 'the head of its table'
like "$out" '^gcda files.[0-9.]+.[0-9.]+.[0-9.]+.10.(yes|no).yes$' 'a row, and equal results'
is "$(find "$tmp/bench/files/ours" -name '*.gcda' | wc -l)" 21 'of all files'
run env BENCH_CC=gcc-0 sh "$srcdir/tests/bench/bench-merge-gcda.sh"
is "$status" 6 'without the compiler it says so'
done_testing
