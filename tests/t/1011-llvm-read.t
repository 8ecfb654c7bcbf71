#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# LLVM profiles that are no good, or not for this major, and LLVM's own test files.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

export builddir
tool=$builddir/tests/lib/llvm-tool
majors=$("$tool" majors | cut -d' ' -f1)
[ -n "$majors" ] || skip_all "built without LLVM"
v=$(echo "$majors" | head -n 1)

ir() { printf ':ir\n%s\n1\n2\n%s\n%s\n' "$@"; }
ir f 5 7 >f.proftext
ir g 1 2 >g.proftext
printf 'f\n1\n2\n5\n7\n' >fe.proftext
printf ':ir\nf\n1\n3\n5\n7\n9\n' >longer.proftext
for n in $majors; do "$tool" merge "$n" $n.profdata 1,f.proftext >/dev/null; done

# --- reading
run "$tool" read 0 f.proftext
is "$out" "clang IR, version 0: functions 1 counters 2 total 12 max 7 saturated 0
f 1 sites 0 values 0: 5 7" "a text profile is read"
printf ':csir\nz\n1\n1\n4\n2\n0\n1\n2\nx:3\ny:4\n1\n1\n1\n64:9\n\na\n1152921504606846978\n1\n18446744073709551613\n' \
	>cs.proftext
run "$tool" read "$v" cs.proftext
is "$out" "clang IR, context-sensitive, version 0: functions 2 counters 2 total 18446744073709551615 max 18446744073709551613 saturated 1
a 1152921504606846978 cs sites 0 values 0: 18446744073709551613
z 1 sites 2 values 16: 4" "values, the context-sensitive flag and saturation are read, sorted by name"
run "$tool" read 0 fe.proftext
like "$out" "^clang front end," "a profile without a header is the front end's"
"$tool" merge "$v" cs.profdata 1,cs.proftext >/dev/null
is "$("$tool" read 0 cs.profdata | tail -n +2)" "$("$tool" read 0 cs.proftext | tail -n +2)" \
	"indexed and text say the same"

# --- refused, each with file, place and exit status
: >empty.profraw
exits 7 "an empty file" "$tool" merge "$v" out 1,f.proftext 1,empty.profraw
like "$err" "^error format: 'empty.profraw' is empty$" "is named"
like "$err" "^hint: the process .* was killed" "and explained"
nok "nothing is written" test -e out
exits 7 "an empty file is not read either" "$tool" read 0 empty.profraw
printf 'hello\nworld\n' >foreign
exits 7 "a foreign text" "$tool" merge "$v" out 1,foreign
like "$err" "^error format: 'foreign' \(12 bytes\) is no LLVM profile$" "is named"
head -c 300 /bin/sh >foreign
exits 7 "a foreign binary" "$tool" merge "$v" out 1,foreign
exits 7 "is no known format" "$tool" read 0 foreign
exits 2 "a file that is not there" "$tool" merge "$v" out 1,none.profraw
like "$err" "^error not-found: cannot open 'none.profraw'" "is named"
mkdir folder
exits 7 "a folder without profiles" "$tool" read 0 folder

size=$(wc -c <"$v.profdata")
head -c $((size - 1)) "$v.profdata" >cut.profdata
exits 7 "a truncated file" "$tool" merge "$v" out 1,cut.profdata
like "$err" "^error format: 'cut.profdata' is truncated or corrupt at byte [0-9]* of $((size - 1)): " \
	"is named with place and size"
like "$err" "^at: cut.profdata [0-9]+$" "the place is in the error"
printf ':ir\nf\n1\n99999999999\n5\n' >lies.proftext
exits 7 "a number of counters that cannot be" "$tool" merge "$v" out 1,lies.proftext
like "$err" "at byte 8 of 22: number of counters$" "is named"
printf ':ir\nf\n0xffffffffffffffff\n1\n5\n' >hash.proftext
exits 7 "a hash that LLVM keeps for itself" "$tool" merge "$v" out 1,hash.proftext

exits 7 "front end and IR" "$tool" merge "$v" out 1,f.proftext 1,fe.proftext
like "$err" "^error mismatch: 'fe.proftext' is of -fprofile-instr-generate, but 'f.proftext' of -fprofile-generate" \
	"are told apart"
exits 7 "IR and front end" "$tool" merge "$v" out 1,fe.proftext 1,f.proftext
exits 7 "another number of counters" "$tool" merge "$v" out 1,g.proftext 1,f.proftext 1,longer.proftext
like "$err" "^error mismatch: function 'f' of 'longer.proftext' differs" "names function and file"
exits 7 "also when it is found in another part" "$tool" merge "$v" out -j 3 1,f.proftext \
	1,g.proftext 1,longer.proftext
like "$err" "^error mismatch: function 'f' of 'longer.proftext' differs" "names function and file"
exits 0 "the same without it" "$tool" merge "$v" out 1,g.proftext 1,f.proftext
exits 2 "a folder that is not there" "$tool" merge "$v" none/out 1,f.proftext
exits 6 "a major without module" "$tool" merge 99 out 1,f.proftext
like "$err" "^error tool: this pgoctl has no module for LLVM 99$" "is named"

# --- versions
le64() { printf "\\$(printf %o "$1")\\0\\0\\0\\0\\0\\0\\0"; }
{ printf '\201rforpl\377'; le64 99; } >raw99
{ printf '\377lprofi\201'; le64 99; } >indexed99
for n in $majors; do
	exits 7 "$n: a raw profile of version 99" "$tool" merge "$n" out 1,raw99
	like "$err" "^error version: 'raw99' is of raw profile version 99, but LLVM $n reads version [0-9]+$" \
		"$n: both versions are named"
	exits 7 "$n: an indexed profile of version 99" "$tool" merge "$n" out 1,indexed99
	like "$err" "^error version: 'indexed99' .* version 99, but LLVM $n reads version [0-9]+ and older$" \
		"$n: both versions are named"
done
old=$(echo "$majors" | tail -n 1)
if [ "$old" -lt 19 ] && [ "$v" -ge 19 ]; then
	exits 0 "a newer compiler's profile is written anew for an older" "$tool" merge "$old" out 1,$v.profdata
	{ head -c 8 $v.profdata && printf '\143' && tail -c +10 $v.profdata; } >future.profdata
	exits 7 "unless no LLVM here reads it" "$tool" merge "$old" out 1,future.profdata
	like "$err" "'future.profdata' is of indexed profile version 99, but LLVM $old reads version" "which is told"
	exits 0 "but an older one's is for a newer" "$tool" merge "$v" out 1,$old.profdata
	exits 0 "and text is for both" "$tool" merge "$old" out 1,f.proftext
else
	skip 5 "one major only"
fi
{ printf '\201rforpl\377'; le64 4; } >raw4
exits 7 "a raw profile older than any that is read" "$tool" merge "$v" out 1,raw4
like "$err" "^error version: 'raw4' is of raw profile version 4, but LLVM $v reads version [0-9]+$" \
	"both versions are named"

# --- anything may come, nothing may crash; in memory, as each output is synced
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
for f in f.proftext cs.proftext cs.profdata "$old.profdata"; do
	exits 0 "every cut and every inverted byte of $f" "$tool" hostile "$f"
done
is "$(echo "$out" | sed 's/cut \([0-9]*\).*/\1/')" 0 "no cut of an indexed profile is taken for a whole one"

done_testing
