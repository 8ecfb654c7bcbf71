#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pgoctl build --profile with bare profiles of every shape, and with those that do not fit.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need gcc-12 clang-22 llvm-profdata-22 make

mkdir -p src/sub && cat >src/main.c <<'END'
#include <stdio.h>
#include <stdlib.h>
long mix(long x);
int main(int argc, char **argv)
{
	long sum = 0;

	for (long i = 0; i < (argc > 1 ? atol(argv[1]) : 10); i++)
		sum += mix(i);
	printf("%ld\n", sum);
	return 0;
}
END
cat >src/sub/mix.c <<'END'
long mix(long x);
long mix(long x)
{
	return x % 7 ? x * 3 : x / 2;
}
END
cat >src/Makefile <<'END'
CFLAGS = -O2
prog: obj/main.o sub/mix.o
	$(CC) $(CFLAGS) -o $@ obj/main.o sub/mix.o
obj/main.o: main.c
	mkdir -p obj && $(CC) $(CFLAGS) -c -o $@ main.c
sub/mix.o: sub/mix.c
	$(CC) $(CFLAGS) -c -o $@ sub/mix.c
END
cat >pgo.yaml <<'END'
version: 1
toolchain: {cc: gcc-12}
build: {source: src, command: make, artifacts: [prog]}
workloads:
  - {name: one, run: '"$PGO_OUT/prog" 100000'}
END

# missing: how many files the optimized build found no profile for.
missing() { sed -n 's/^ *"missing": \([0-9]*\),/\1/p' "$tmp/out"; }
# found DESCRIPTION PROFILE: a build with it finds a profile for each file.
found() {
	exits 0 "$1" "$pgoctl" build --json --profile "$2"
	is "$(missing)" 0 "$1: for every file"
}
# refused STATUS TEXT DESCRIPTION PROFILE [OPTION...]
refused() {
	want=$1 text=$2 what=$3 profile=$4
	shift 4
	exits "$want" "$what" "$pgoctl" build --profile "$profile" "$@"
	like "$err" "^pgoctl: error: .*$text" "$what: says so"
}

# --- gcc: the same counts, laid out in each way that gcc knows
exits 0 'collect with gcc' "$pgoctl" collect -o gcc.prof
found 'a bundle' gcc.prof
"$pgoctl" -q convert gcc.prof --to gcda -o taken-out
found 'a tree taken out of a bundle' taken-out
work=$PWD/.pgo/work
by_hand() { (cd "$work/src" && rm -rf obj/*.o sub/*.o prog && make CC="gcc-12 $1") >make.log 2>&1; }

rm -rf "$work" && mkdir -p "$work" && cp -r src "$work/src"
by_hand -fprofile-generate
"$work/src/prog" 1000 >expected
mkdir beside && (cd "$work/src" && cp -r obj sub "$tmp/work/beside")
ok 'beside the objects there are .gcda files' test -s beside/obj/main.gcda -a -s beside/sub/mix.gcda
GCOV_PREFIX=$PWD/prefixed "$work/src/prog" 1000 >/dev/null
by_hand "-fprofile-generate=$PWD/mangled"
"$work/src/prog" 1000 >/dev/null
is "$(find mangled -name '*#work#src#obj#main.gcda' | wc -l)" 1 'gcc mangles the names in a folder of its own'

found 'files beside the objects' beside
found 'a tree below GCOV_PREFIX' prefixed
found 'mangled names' mangled
is "$(.pgo/stages/optimized/out/prog 1000)" "$(cat expected)" 'the program does what it did'
mv mangled 'a b$x' && mv beside "it's"
found 'a folder with odd characters' 'a b$x'
found 'and another' "$PWD/it's"

cp -r "it's" partial && rm partial/sub/mix.gcda
exits 0 'a tree that lacks a file' "$pgoctl" build --json --profile partial
is "$(missing)" 1 'is told of: one file has no profile'

mkdir two && cp -r 'a b$x' two/one && cp -r 'a b$x' two/two
refused 7 "two profiles of one object.*main.gcda" 'the profiles of two runs in one tree' two
refused 7 'give the folder' 'one .gcda file' "it's/obj/main.gcda"
mkdir empty
refused 7 "no profile is below '.*/empty'" 'an empty folder' empty
cp -r "it's" cut && head -c 20 "it's/obj/main.gcda" >cut/obj/main.gcda
refused 7 'cut/obj/main.gcda' 'a tree with a truncated file' cut
cp -r "it's" foreign && echo 'no profile' >foreign/obj/main.gcda
refused 7 'foreign/obj/main.gcda' 'a tree with a foreign file' foreign

# --- another compiler
refused 7 'for gcc 12.*clang version 22' 'a bundle of gcc for clang' gcc.prof --cc clang-22
like "$err" '^hint: ' 'with a hint'
refused 7 'of format gcda' 'a tree of gcc for clang' "it's" --cc clang-22
if have gcc-11; then
	refused 7 'for gcc 12.*gcc version 11' 'a bundle of gcc 12 for gcc 11' gcc.prof --cc gcc-11
	refused 7 'a profile of GCC 12.*gcc version 11' 'a tree of gcc 12 for gcc 11' "it's" --cc gcc-11
else
	skip 4 'no gcc-11'
fi
nok 'nothing half-done is left' test -e .pgo/profile/new

# --- clang: raw, indexed, text
sed 's/gcc-12/clang-22/' pgo.yaml >clang.yaml
mv clang.yaml pgo.yaml
exits 0 'collect with clang' "$pgoctl" collect -o clang.prof
found 'a bundle of clang' clang.prof
raw=$(find .pgo/train -name '*.profraw')
cp "$raw" one.profraw
llvm-profdata-22 merge -o one.profdata one.profraw
llvm-profdata-22 merge --text -o one.proftext one.profraw
found 'a raw profile' one.profraw
found 'an indexed one' one.profdata
is "$(ls .pgo/profile/*/clang.profdata | wc -l)" 1 'they are the same to the compiler'
is "$(ls .pgo/profile | wc -l)" 1 'and profiles that were laid out before take no room'
found 'a text' one.proftext
if have clang-19; then
	exits 0 'an indexed one for an older clang' "$pgoctl" -v build --json --profile one.profdata --cc clang-19
	like "$err" "one.profdata' is of a newer LLVM: written anew for LLVM 19" 'is written anew'
	exits 0 'a bundle' "$pgoctl" -v build --json --profile clang.prof --cc clang-19
	like "$err" "clang.prof' is of a newer LLVM" 'is, too'
else
	skip 4 'no clang-19'
fi
refused 7 'of format llvm-indexed' 'a profile of clang for gcc' one.profdata --cc gcc-12
refused 7 'for clang 22.*gcc version 12' 'a bundle of clang for gcc' clang.prof --cc gcc-12
head -c 100 one.profraw >cut.profraw
refused 7 "'cut.profraw'|/cut.profraw'" 'a truncated raw profile' cut.profraw
: >empty.profraw
refused 7 "empty.profraw' is empty" 'an empty one' empty.profraw

# --- what is not there, or no profile at all
refused 2 "there is no profile 'nothing'" 'no such file' nothing
like "$err" '^hint: pgoctl collect -o nothing$' 'no such file: the hint'
refused 2 "there is no profile 'a.x1b.31m'" 'a name that a terminal would obey' "$(printf 'a\033[31m')"
unlike "$err" "$(printf '\033')" 'does not reach it, not in the hint either'
refused 7 'no profile of a known format' 'a text' src/main.c
refused 7 'no profile of a known format' 'a program' .pgo/stages/optimized/out/prog
printf '\050\265\057\375' >magic
refused 7 "magic' is no profile bundle" 'the first bytes of a bundle' magic

done_testing
