#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# clang, really: counts across forks, exec and parallel runs; a profile that does not fit is said
# but breaks nothing; LTO; links.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$srcdir/tests/lib/driver.sh"

need clang-14 clang-19 clang-22

cat >main.c <<'X'
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int f(int);
__attribute__((noinline)) int g(int x) { return x % 5 ? x : -x; }
static int burn(int n) { int s = 0; for (int i = 0; i < n; i++) s += f(i); return s; }
int main(int argc, char **argv)
{
	volatile int s = 0;
	const char *mode = argc > 1 ? argv[1] : "work";

	for (int i = 0; strcmp(mode, "work") && i < 7; i++)
		s += g(i);
	if (!strcmp(mode, "exec"))
		execl(argv[0], argv[0], "work", (char *)0);
	for (int i = 0; strcmp(mode, "work") && i < 10; i++) {
		if (fork())
			continue;
		if (!strcmp(mode, "forkexec"))
			execl(argv[0], argv[0], "work", (char *)0);
		s = burn(1000);
		exit(0);
	}
	while (wait(0) > 0) { }
	if (!strcmp(mode, "work"))
		s = burn(1000);
	(void)s;
	return 0;
}
X
cat >f.c <<'X'
int f(int x)
{
	return x % 3 ? x : -x;
}
X

merge() { "llvm-profdata-$major" merge "$tmp"/raw/*.profraw -o "$tmp/p.profdata"; }
counts() { merge && "llvm-profdata-$major" show --function="$1" --counts "$tmp/p.profdata" |
	sed -n 's/ *Block counts: *\[\(.*\)\]/\1/p'; }
train() { rm -rf "$tmp/raw"; "$tool" train clang "$tmp/raw" ./p "$@"; }
W="-O2 -Wall -Wextra -Werror"

for major in $(ends 14 19 22); do
	cc=clang-$major
	stage "$cc" instrumented
	ok "$cc: an instrumented build" build sh -ec "cc $W -c main.c f.c; cc -Werror main.o f.o -o p"
	for mode in fork forkexec exec; do
		train "$mode"
		want="10000, 3340"
		test $mode = exec && want="1000, 334"
		is "$(counts f)" "$want" "$cc: $mode loses nothing after it"
	done
	rm -rf "$tmp/raw"
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		"$tool" train clang "$tmp/raw" ./p work &
	done
	wait
	is "$(counts f)" "20000, 6680" "$cc: 20 runs at once lose nothing"
	is "$(ls "$tmp/raw" | wc -l | tr -d ' ')" 20 "$cc: each with a file of its own"
	nok "$cc: a raw folder with a % is refused" "$tool" train clang "$tmp/50%/raw" ./p
	is "$(find . -name '*.profraw')" "" "$cc: nothing is left in the tree"

	# --- atomic counters: a flag of clang's own does it only in some versions
	TEST_UPDATE=atomic stage "$cc" instrumented
	ok "$cc: counts by atomic additions" build sh -ec \
		"cc $W -S f.c -o f.s; cc -Werror main.c f.c -o p"
	is "$(grep -Ec "lock|ldadd|ldx|ldax" f.s)" 2 "$cc: both counters of f"
	TEST_UPDATE='' stage "$cc" instrumented
	build cc $W -S f.c -o f.s
	is "$(grep -Ec "lock|ldadd|ldx|ldax" f.s)" 0 "$cc: and none if not asked for"

	# --- use
	stage "$cc" optimized "$tmp/p.profdata"
	ok "$cc: an optimized build" build sh -ec "cc $W -c main.c f.c; cc -Werror main.o f.o -o q"
	is "$(calls | sed 's/.*failed/failed/')" \
		"failed=0 stale=0 missing=0 mismatch=0 out-of-date=0 corrupt=0" "$cc: without a warning"
	"$cc" -O2 -fprofile-use="$tmp/p.profdata" -c f.c -o hand.o
	ok "$cc: the object is what a hand makes" cmp hand.o f.o
	"$cc" -O2 -c f.c -o plain.o
	nok "$cc: not what a build without a profile makes" cmp plain.o f.o
	ok "$cc: a link with lld" build sh -ec "cc -fuse-ld=lld -Werror main.o f.o -o q; ./q"
	sed 's/x % 3 ? x : -x/x > 3 ? x % 5 ? 2 : x : -x/' f.c >changed.c
	run build cc $W -c changed.c
	is "$status" 0 "$cc: a changed function does not break -Werror"
	like "$err" 'hash mismatch.*\[-Wbackend-plugin\]' "$cc: it is said"
	is "$(count mismatch)" 1 "$cc: and counted"
	: | "llvm-profdata-$major" merge -o "$tmp/empty.profdata" /dev/stdin 2>/dev/null ||
		{ : >e.proftext; "llvm-profdata-$major" merge e.proftext -o "$tmp/empty.profdata"; }
	stage "$cc" optimized "$tmp/empty.profdata"
	run build cc $W -Wprofile-instr-unprofiled -c f.c
	is "$status $(count missing)" "0 1" "$cc: a file without a profile does not break it, and is counted"
	echo garbage >"$tmp/bad.profdata"
	stage "$cc" optimized "$tmp/bad.profdata"
	run build cc -c f.c
	is "$status $(count corrupt)" "1 1" "$cc: a corrupt profile is an error"

	# --- LTO
	for lto in thin full; do
		stage "$cc" instrumented
		ok "$cc: $lto LTO, instrumented" build sh -ec "cc -flto=$lto $W -c main.c f.c
			cc -flto=$lto -fuse-ld=lld -Werror main.o f.o -o p"
		train work
		is "$(counts f)" "1000, 334" "$cc: counts"
		stage "$cc" optimized "$tmp/p.profdata"
		ok "$cc: $lto LTO, optimized" build sh -ec "cc -flto=$lto $W -c main.c f.c
			cc -flto=$lto -fuse-ld=lld -Werror main.o f.o -o q; ./q"
		is "$(calls | sed 's/.*failed/failed/')" \
			"failed=0 stale=0 missing=0 mismatch=0 out-of-date=0 corrupt=0" "$cc: without a warning"
	done

	# --- odd names
	mkdir -p "a b'\"\$x\`#%d@
c"
	stage "$cc" instrumented
	ok "$cc: odd names" build sh -ec 'cd a*c; cp ../*.c .; cc -c main.c -o "m #\$%.o"
		cp f.c "f @%,.c"; cc -c -O2 -- "f @%,.c"; cc ./*.o -o ../p'
	rm -rf "$tmp/raw" && "$tool" train clang "$tmp/raw '#\$@
" ./p
	is "$(ls "$tmp"/raw*@* | wc -l | tr -d ' ')" 1 "$cc: also of the raw folder"
	rm -rf a*c "$tmp"/raw*
done

done_testing
