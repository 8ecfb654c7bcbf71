#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Profiles that LLVM tests its own tools with: what a right reader says of each.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

export builddir
tool=$builddir/tests/lib/llvm-tool
corpora=$srcdir/../shared/corpora/llvm
majors=$("$tool" majors | cut -d' ' -f1)
[ -d "$corpora" ] || skip_all "no ../shared/corpora beside the source"

expect="bar 2 sites 0 values 0: 55 65
foo 1 sites 0 values 0: 19"
run "$tool" read 0 "$corpora/c-general.profraw"
like "$out" "^clang front end, version 10: functions 12 .* max 100 " "c-general.profraw"
for f in raw-64-bits-le raw-32-bits-be; do
	run "$tool" read 0 "$corpora/$f"
	is "$(echo "$out" | tail -n +2)" "$expect" "$f"
done
cat "$corpora"/raw-two-profiles-*.profraw >two.profraw
run "$tool" read 0 two.profraw
is "$(echo "$out" | tail -n +2)" "$expect" "two raw profiles in one file"
exits 7 "malformed-num-counters-zero" "$tool" read 0 "$corpora/malformed-num-counters-zero.profraw"
like "$err" "at byte 128 of 208: number of a function's counters is 0$" "reason and offset"
exits 7 "malformed-ptr-to-counter-array" "$tool" read 0 "$corpora/malformed-ptr-to-counter-array.profraw"
like "$err" "at byte 128 of 216: .*counters" "reason and offset"
exits 7 "raw-magic-but-no-header" "$tool" read 0 "$corpora/raw-magic-but-no-header"
like "$err" "at byte 8 of 8: version of the header$" "reason and offset"

# Of two raw files each consumer gets its own form, be they its own LLVM's or not.
for n in $majors; do
	run "$tool" merge "$n" out 3,"$corpora/weight-instr-foo.profdata" 5,"$corpora/weight-instr-bar.profdata"
	like "$out" "^functions 4 counters 67 total 10403866588 max 4334944365 " "$n: weights 3 and 5"
	for f in c-general.profraw raw-64-bits-le raw-32-bits-be; do
		exits 0 "$n: $f twice" "$tool" merge "$n" twice -j 1 1,"$corpora/$f" 1,"$corpora/$f"
		"$tool" merge "$n" once -j 1 2,"$corpora/$f" >/dev/null
		ok "$n: is $f with weight 2" cmp twice once
	done
	for f in malformed-num-counters-zero.profraw malformed-ptr-to-counter-array.profraw \
		raw-magic-but-no-header; do
		exits 7 "$n: $f is not merged" "$tool" merge "$n" out 1,"$corpora/raw-64-bits-le" \
			1,"$corpora/$f"
		like "$err" "'$corpora/$f' is truncated or corrupt at byte " "$n: and named"
	done
done
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
for f in raw-64-bits-le raw-32-bits-be; do
	[ -n "$majors" ] || { skip 1 "built without LLVM"; continue; }
	exits 0 "every cut and every inverted byte of $f" "$tool" hostile "$corpora/$f"
done
done_testing
