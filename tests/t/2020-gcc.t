#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# gcc, really: whatever an object is called, the optimized compile finds the profile that the
# instrumented program left; counts are exact across forks, exec and parallel runs; a profile that
# does not fit is said but breaks nothing.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$srcdir/tests/lib/driver.sh"

need gcc-11 gcc-12

cat >main.c <<'X'
int printf(const char *, ...);
int f(int);
int main(void)
{
	int s = 0;

	for (int i = 0; i < 100; i++)
		s += f(i);
	printf("%d\n", s);
	return 0;
}
X
cat >f.c <<'X'
int f(int x)
{
	return x % 3 ? x : -x;
}
X
mkdir "$tmp/orig" && mv main.c f.c "$tmp/orig"

tree="$tmp/work/w 'd\"\$x\`#@;&"	# a project's path may be anything

# fresh: an empty work copy at the same path. A profile's folder holds what training left.
fresh() {
	rm -rf "$tree"
	mkdir -p "$tree/sub/deep" "$tree/obj" "$tree/bin"
	cp "$tmp"/orig/*.c "$tree"
	cp "$tmp"/orig/*.c "$tree/sub"
}
in_tree() { (cd "$tree" && "$@"); }

# cycle CC ROOT SCRIPT: both stages of a build, with training in between; prints the sum of the
# optimized one. The build script leaves bin/p.
cycle() {
	rm -rf "$tmp/raw" "$tmp/use"
	fresh
	stage "$1" instrumented "" "$2" && in_tree build sh -ec "$3" >"$tmp/log1" 2>&1 || return 1
	(cd / && "$tool" train gcc "$tmp/raw" "$tree/bin/p") >/dev/null || return 1
	"$tool" use "$tmp/raw" "$tmp/use" || return 1
	fresh
	stage "$1" optimized "$tmp/use" "$2" && in_tree build sh -ec "$3" >"$tmp/log2" 2>&1 || return 1
	calls | sed 's/.*failed/failed/'
}
clean="failed=0 stale=0 missing=0 mismatch=0 out-of-date=0 corrupt=0"

names() {	# description script
	named=$((named + 1))
	# Another GCC calls its files the same: of its own every third name, or with PGO_TESTS_LONG=1 all.
	[ "$cc" = gcc-12 ] || [ -n "${PGO_TESTS_LONG:-}" ] || [ $((named % 3)) -eq 1 ] || return
	for root in "" "$tmp/work"; do
		test "$cc$root" = gcc-11 && continue	# half of the time, and nothing learnt
		is "$(cycle "$cc" "$root" "$2")" "$clean" "$cc${root:+, a root}: $1"
	done
}

for cc in gcc-11 gcc-12; do
	named=0
	names "relative objects" 'cc -O2 -c main.c -o main.o; cc -O2 -c f.c -o f.o; cc main.o f.o -o bin/p'
	names "no -o" 'cc -O2 -c main.c; cc -O2 -c sub/f.c; cc main.o f.o; mv a.out bin/p'
	names "objects in folders" 'cc -O2 -c main.c -o sub/deep/m.o; cc -O2 -c f.c -o obj/f.o; cc sub/deep/m.o obj/f.o -o bin/p'
	names "absolute objects" 'cc -O2 -c "$PWD/main.c" -o "$PWD/obj/m.o"; cc -O2 -c f.c -o "$PWD/f.o"; cc f.o obj/m.o -o bin/p'
	names "objects through .." 'cd sub; cc -O2 -c ../main.c -o ../obj/m.o; cc -O2 -c ../f.c -o deep/../f.o; cc ../obj/m.o f.o -o ../bin/p'
	names "absolute objects through .." 'cc -O2 -c main.c -o "$PWD/sub/deep/../../obj/m.o"; cc -O2 -c f.c -o "$PWD/./f.o"; cc f.o obj/m.o -o bin/p'
	names "objects through ." 'cc -O2 -c ./main.c -o ./m.o; cc -O2 -c f.c -o obj/./f.o; cc m.o obj/f.o -o bin/p'
	names "one command" 'cc -O2 main.c sub/f.c -o bin/p'
	names "one command, absolute" 'cc -O2 main.c f.c -o "$PWD/bin/p"'
	names "one command, no -o" 'cc -O2 main.c f.c; mv a.out bin/p'
	names "LTO" 'cc -O2 -flto -c main.c -o m.o; cc -O2 -flto -c f.c -o "$PWD/obj/f.o"; cc -O2 -flto m.o obj/f.o -o bin/p'
	names "LTO in one command" 'cc -O2 -flto main.c f.c -o bin/p'
	names "assembly in between" 'cc -O2 -S main.c -o obj/m.s; cc -c obj/m.s -o m.o; cc -O2 -c f.c; cc m.o f.o -o bin/p'
	names "standard input" 'cc -O2 -x c -c - -o obj/m.o <main.c; cc -O2 -c f.c; cc obj/m.o f.o -o bin/p'
	names "odd names" 'd="a b'\''\"\$x\`#%d@
c"; mkdir "$d"; cc -O2 -c main.c -o "$d/m #\$.o"; cp f.c "$d/%f,.c"; cc -O2 -c "$d/%f,.c" -o "$PWD/$d/f.o"; cc "$d"/*.o -o bin/p'
	names "a shared library without default libraries" 'cc -O2 -fPIC -c f.c; cc -shared -nostdlib f.o -lc -lgcc -o obj/libf.so; cc -O2 main.c -Lobj -lf -Wl,-rpath,"$PWD/obj" -o bin/p'
	names "-Werror" 'cc -O2 -Wall -Wextra -Werror main.c f.c -o bin/p'

	# --- a profile that does not fit
	cycle "$cc" "" 'cc -O2 -c main.c -o m.o; cc -O2 -c f.c; cc m.o f.o -o bin/p' >/dev/null
	refit() {	# what file contents: compile it against the profile of f.o
		fresh
		stage "$cc" optimized "$tmp/use" ""
		printf '%s' "$2" >"$tree/f.c"
		in_tree build cc -O2 -Wall -Werror -c f.c ${3:+-o "$3"} >"$tmp/out" 2>"$tmp/err"
		is "$?" 0 "$cc: $1 does not break -Werror"
		counts=$(calls | sed 's/.*missing/missing/')
	}
	refit "a changed function" 'int f(int x) { return x > 3 ? x % 5 ? 2 : x : -x; }'
	is "$counts" "missing=0 mismatch=2 out-of-date=0 corrupt=0" "$cc: it is a mismatch"
	like "$(cat "$tmp/err")" "Wcoverage-mismatch" "$cc: and said"
	refit "a moved function" '
 int f(int x) { return x % 3 ? x : -x; }'
	like "$counts" "missing=0 mismatch=0 out-of-date=[12] corrupt=0" "$cc: it is out of date"
	refit "a new function" 'int f(int x)
{
	return x % 3 ? x : -x;
}
int g(int x) { return x ? 1 : x; }'
	like "$counts" "missing=1 mismatch=0 out-of-date=0" "$cc: it is missing"
	refit "a new file" 'int g(int x) { return x ? 1 : x; }' new.o
	like "$counts" "missing=1 mismatch=0" "$cc: it is missing"
	name=$(echo "$tmp/use"/*'#f.gcda')
	cp "$name" keep
	echo garbage >"$name"
	fresh
	stage "$cc" optimized "$tmp/use" ""
	in_tree build cc -O2 -c f.c 2>/dev/null
	is "$(count corrupt)" 1 "$cc: a corrupt file is counted"
	# The two counters of f (34 and 100 of 100), made to contradict each other.
	perl -e 'local $/; $_ = <STDIN>; my $n = pack("Q<", 100);
		my $at = index($_, $n); substr($_, $at, 16) = pack("Q<Q<", 5, 1000); print' <keep >"$name"
	stage "$cc" optimized "$tmp/use" ""
	ok "$cc: counts that threads lost are no error" in_tree build cc -O2 -Wall -Werror -c f.c
	nok "$cc: as they are without -fprofile-correction" \
		sh -c 'cd "$1" && "$2" -O2 -fprofile-use="$3" -c f.c' x "$tree" "$cc" "$tmp/use"
done

# --- counts
cat >"$tmp/orig/main.c" <<'X'
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
	return 0;
}
X
# The counters of the first function of a file: gcov-dump's line of "arcs".
arcs() { cp "$1" x.gcda && "gcov-dump-${cc#gcc-}" -l x.gcda 2>/dev/null | grep -A1 'COUNTERS arcs' |
	sed -n 's/.*: *0: //p' | sed 's/ *$//'; }
for cc in gcc-11 gcc-12; do
	if ! have "gcov-dump-${cc#gcc-}"; then
		skip 7 "no gcov-dump-${cc#gcc-}"
		continue
	fi
	fresh
	stage "$cc" instrumented "" "$tmp/work"
	in_tree build sh -ec 'cc -O2 -c main.c; cc -O2 -c f.c; cc main.o f.o -o bin/p'
	for mode in fork forkexec exec; do
		rm -rf "$tmp/raw"
		"$tool" train gcc "$tmp/raw" "$tree/bin/p" "$mode"
		want="10000 3340"
		test $mode = exec && want="1000 334"
		is "$(arcs "$tmp"/raw/proc/pgoctl/w*#f.gcda)" "$want" "$cc: $mode loses nothing after it"
		like "$(arcs "$tmp"/raw/proc/pgoctl/w*#main.gcda)" '^7 2$' "$cc: nor before it"
	done
	rm -rf "$tmp/raw"
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		"$tool" train gcc "$tmp/raw" "$tree/bin/p" work &
	done
	wait
	is "$(arcs "$tmp"/raw/proc/pgoctl/w*#f.gcda)" "20000 6680" "$cc: 20 runs at once lose nothing"
done

# --- a run without the environment leaves nothing anywhere
(cd "$tree" && bin/p 2>/dev/null)
is "$(rm -f x.gcda; find "$tmp/work" -name '*.gcda' | wc -l | tr -d ' ')" 0 "without GCOV_PREFIX nothing is written"
nok "a raw folder with a % is refused" "$tool" train gcc "$tmp/50%/raw" true

done_testing
