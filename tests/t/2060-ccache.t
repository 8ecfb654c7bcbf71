#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ccache in front of the wrapper and behind it: no stage gets another's object, no call goes round.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$srcdir/tests/lib/driver.sh"

need ccache gcc-12 clang-22
CCACHE_DIR=$tmp/ccache
export CCACHE_DIR
for v in $(env | sed -n 's/^\(CCACHE_[A-Z]*\)=.*/\1/p'); do
	test "$v" = CCACHE_DIR || unset "$v"
done

echo 'int f(int x) { return x % 3 ? x : -x; }' >f.c
instrumented() { nm "$1" | grep -Eq '__gcov|__llvm_profile|__profc'; }
hits() { ccache --print-stats | awk '/^(direct|preprocessed)_cache_hit/ { n += $2 } END { print n + 0 }'; }
compile() { rm -f f.o; build sh -c 'ccache cc -O2 -c f.c'; }

for cc in gcc-12 clang-22; do
	ccache -C >/dev/null && ccache -z >/dev/null
	stage "$cc" baseline
	compile
	nok "$cc: a plain object" instrumented f.o
	cp f.o plain.o
	compile
	is "$(hits)" 1 "$cc: the baseline is cached"
	ok "$cc: as it was" cmp plain.o f.o

	stage "$cc" instrumented
	compile
	ok "$cc: the next stage does not get the first one's object" instrumented f.o
	compile
	is "$(count compiles)" 2 "$cc: all its compiles are seen"

	# What keeps them apart without CCACHE_DISABLE, and shows that the trap is real.
	stage "$cc" baseline
	rm -f f.o
	build sh -c 'CCACHE_COMPILERCHECK=string:a ccache cc -O2 -c f.c'
	stage "$cc" instrumented
	rm -f f.o
	build sh -c 'unset CCACHE_DISABLE; CCACHE_COMPILERCHECK=string:a ccache cc -O2 -c f.c'
	nok "$cc: with one key, ccache mixes up stages" instrumented f.o
	rm -f f.o
	build sh -c 'unset CCACHE_DISABLE; ccache cc -O2 -c f.c'
	ok "$cc: with the stage's key it does not" instrumented f.o
done

# --- CC="ccache gcc", as a Makefile has it
cat >Makefile <<'X'
CC = ccache gcc
f.o: f.c
	$(CC) -O2 -c f.c
X
for s in baseline instrumented; do
	stage gcc-12 $s
	rm -f f.o
	ok "make, $s" build make -s
	is "$(count compiles)" 1 "goes through ccache and the wrapper"
done
ok "and is instrumented" instrumented f.o

# --- the other order, and ccache as the compiler's own name
stage gcc-12 instrumented
rm -f f.o
ok "pgoctl-cc ccache gcc" build "$wrapper" ccache gcc -O2 -c f.c
ok "is instrumented" instrumented f.o
is "$(count compiles)" 1 "with one line in the log"
mkdir mask
ln -s "$(command -v ccache)" mask/gcc-12
PATH=$PWD/mask:$PATH
stage gcc-12 instrumented
rm -f f.o
ok "a compiler that is a link to ccache" build timeout 20 gcc -O2 -c f.c
ok "is instrumented" instrumented f.o
is "$(count compiles)" 1 "with one line in the log"
stage clang-22 instrumented
ok "and another one's" build timeout 20 gcc-12 -O2 -c f.c
is "$(calls | sed 's/ missing.*foreign/ foreign/')" \
	"calls=1 compiles=0 links=0 passed=0 foreign=1 failed=0 stale=0 foreign:gcc-12" "does not go round"

done_testing
