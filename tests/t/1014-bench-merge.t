#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The benchmark of merges in its short form: the results are those of the tools beside it.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

export builddir
[ -x "$builddir/tests/bench/measure" ] || skip_all "tests/bench/measure is not built"
# shellcheck disable=SC2046
for LLVM_MAJOR in $(ends $("$builddir/tests/lib/llvm-tool" majors | cut -d' ' -f1)); do
	export LLVM_MAJOR
	if ! have "clang-$LLVM_MAJOR" || ! have "llvm-profdata-$LLVM_MAJOR"; then
		skip 2 "no clang or llvm-profdata of LLVM $LLVM_MAJOR"
		continue
	fi
	run sh "$srcdir/tests/bench/bench-merge.sh" --short program mixed many
	is "$status" 0 "$LLVM_MAJOR: the rows end well"
	is "$(echo "$out" | grep -c ' identical$')" 4 "$LLVM_MAJOR: all are identical"
done
is "$("$builddir/tests/bench/measure" sh -c 'exit 3' | wc -w)" 3 "three figures are measured"
exits 3 "the status is the command's" "$builddir/tests/bench/measure" sh -c 'exit 3'
exits 127 "a command that is not there" "$builddir/tests/bench/measure" ./none
done_testing
