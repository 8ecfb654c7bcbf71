#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Build the harnesses under libFuzzer with the address and undefined-behaviour sanitizers and run
# them. New inputs and findings stay in the build folder, the corpus in the tree is only read.
# usage: [FUZZERS="fdata gcda"] [FUZZ_SECONDS=600] [FUZZ_CC=clang-22] tests/fuzz/run.sh SOURCE-FOLDER
# It ends with 1 when one has found something.
set -eu
source=$(cd "$1" && pwd)
FUZZ_CC=${FUZZ_CC:-clang-22}
time=${FUZZ_SECONDS:-600}
all=$(cd "$source/tests/fuzz" && printf '%s ' fuzz-*.c | sed 's/fuzz-//g; s/\.c//g')
mkdir -p fuzz-build
cd fuzz-build
[ -e Makefile ] || "$source/configure" -q --enable-sanitizers=address,undefined CC="$FUZZ_CC" \
	CXX="$(echo "$FUZZ_CC" | sed 's/clang/clang++/')" CFLAGS='-g -O1 -fsanitize=fuzzer-no-link'
make -s -j"$(nproc)" fuzz-parts
found=0
for name in ${FUZZERS:-$all}; do
	make -s "tests/fuzz/fuzz-$name"
	mkdir -p "found/$name"
	echo "== $name: $time s"
	builddir=$PWD "./tests/fuzz/fuzz-$name" -max_total_time="$time" -timeout=20 -rss_limit_mb=4096 \
		-print_final_stats=1 -verbosity=0 -artifact_prefix="found/$name-" \
		"found/$name" "$source/tests/fuzz/corpus/$name" 2>"found/$name.log" || found=1
	grep -E '^(stat::number_of_executed|SUMMARY|==.*ERROR)' "found/$name.log" || tail -n 3 "found/$name.log"
done
[ $found = 0 ] || { echo "findings are in $PWD/found" >&2; exit 1; }
