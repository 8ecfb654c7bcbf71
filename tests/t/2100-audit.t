#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pgoctl check --instrumented, on what real compilers and linkers make.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

need jq gcc-12 clang-14 clang-22 ld.lld-22 ar strip
LC_ALL=C
export LC_ALL

# --- the sources: a program, what it is linked with, and what is in none of its objects
cat >main.c <<'X'
#include <stdio.h>
int dso(int), foo(int), bar(int), fast(int), util(int), skipped(int);
static __attribute__((noinline)) int helper(int x) { return x * 3 + 1; }
int main(int argc, char **argv)
{
	(void)argv;
	printf("%d\n", helper(argc) + dso(argc) + foo(argc) + bar(argc) + fast(argc) + util(argc) + skipped(argc));
	return 0;
}
X
cat >util.c <<'X'
static __attribute__((noinline)) int helper(int x) { return x * 5 + 1; }
int util(int x) { return helper(x) + 1; }
__attribute__((no_profile_instrument_function)) __attribute__((noinline)) int skipped(int x) { return x * 7; }
X
cat >foo.c <<'X'
static __attribute__((noinline)) int helper(int x) { return x * 11 + 1; }
static __attribute__((noinline)) int other(int x) { return x * 13 + 1; }
int foo(int x) { return helper(x) + other(x); }
X
echo 'int bar(int x) { return x * 17; }' >bar.c
echo '__attribute__((visibility("hidden"), noinline)) int hidden(int x) { return x * 19; }
int dso(int x) { return hidden(x) + 1; }' >dso.c
cat >fast.S <<'X'
	.text
	.globl fast
	.type fast, @function
fast:
	leal (%rdi,%rdi,4), %eax
	ret
	.size fast, .-fast
	.section .note.GNU-stack,"",@progbits
X
cat >class.cc <<'X'
extern "C" int puts(const char *);
struct base { virtual ~base() {} virtual int f(int x) { return x; } };
struct side { virtual ~side() {} virtual int g(int x) { return x; } };
struct both : base, side { int f(int) override; int g(int) override; };
int both::f(int x) { return x + 1; }
int both::g(int x) { return x + 2; }
struct table {
	int n;
	__attribute__((noinline)) explicit table(int x) : n(x) { puts("on"); }
	__attribute__((noinline)) ~table() { puts("off"); }
};
static table global(3);
namespace { __attribute__((noinline)) int inner(int x) { return x * 3; } }
template <class T> __attribute__((noinline)) T twice(T x) { return x + x; }
int main(int argc, char **)
{
	both b;
	base *p = &b;
	side *q = &b;
	try {
		if (argc > 3)
			throw argc;
	} catch (int) {
		return 1;
	}
	auto f = [&](int x) { return inner(x) + twice(x) + twice((long)x) > 7; };
	return p->f(argc) + q->g(argc) + global.n + f(argc) > 100;
}
X

check() { run "$pgoctl" check --instrumented --json "$@"; }
# of FILTER: of what check has printed.
of() { jq -cr "$1" "$tmp/out"; }
# Each finding as "what functions cause".
findings() { of '.binaries[].findings[] | "\(.what // "?") \(.functions) \(.cause)"' | sort; }

# objects CC FLAGS: with the probes' flags in $probes and without them.
objects() {
	cc=$1
	shift
	for f in main util; do
		"$cc" -O2 $probes "$@" -c $f.c || return 1
	done
	"$cc" -O2 $probes "$@" -fPIC -shared -o libdso.so dso.c || return 1
	"$cc" -O2 "$@" -c foo.c bar.c fast.S || return 1
	rm -f libfoo.a
	ar rc libfoo.a foo.o bar.o
}

link() { rm -f prog prog.map; "$1" $probes -o prog main.o util.o fast.o libfoo.a ./libdso.so -Wl,-Map=prog.map "$2"; }

for cc in $(ends clang-14 clang-19 clang-22) gcc-12; do
	probes=-fprofile-generate
	objects $cc -g0
	link $cc -pie
	check --map prog.map prog
	is "$status" 1 "$cc: too little has probes"
	is "$(findings)" "$(printf '%s\n' 'fast.o 1 assembly' 'libfoo.a 4 without-flag' 'util.o 1 function')" \
		"$cc: by the map: the archive, the assembly, the attribute"
	is "$(of '.binaries[0] | [.probed.functions, .bare.functions, .ambiguous.functions]')" '[4,6,0]' \
		"$cc: functions with and without probes"
	is "$(of '.binaries[0] | [.findings[] | select(.what == "libfoo.a")] | .[0].whole')" true \
		"$cc: nothing of the archive has any"
	is "$(of '.binaries[0].functions | map(.name) | sort | join(" ")')" 'bar fast foo helper other skipped' \
		"$cc: their names"
	check --min-share 10% --map prog.map prog
	is "$status" 0 "$cc: a lower share is reached"

	check libdso.so
	is "$status $(of '.binaries[0] | [.probed.functions, .bare.functions]')" '0 [2,0]' \
		"$cc: a shared object, also its hidden function"

	link $cc -no-pie
	check prog
	is "$(of '.binaries[0] | [.probed.functions, .bare.functions, .share_bytes < 0.9]')" '[4,6,true]' \
		"$cc: the same at a fixed address, without a map"
	like "$(findings)" '^\? [345] unknown$' "$cc: origins that nothing tells are unknown"

	# What has it all, in two dialects of C++: nothing is found.
	cxx=$(echo "$cc" | sed 's/gcc/g++/; s/clang/clang++/')
	$cxx -O2 $probes -o class class.cc
	check class
	is "$status $(findings)" '0 ' "$cc: C++: nothing is found"
	is "$(of '.binaries[0] | [.share_bytes, .share_functions, .probed.functions > 8]')" '[1,1,true]' \
		"$cc: all of it has probes"
done

# --- the origin by debug information: sources, languages, compilers
probes=-fprofile-generate
objects clang-22 -g
gcc-12 -O2 -g -c foo.c && ar r libfoo.a foo.o 2>/dev/null
link clang-22 -pie
check prog
is "$(findings)" "$(printf '%s\n' 'bar.c 1 without-flag' 'fast.S 1 assembly' 'foo.c 3 other-compiler' 'util.c 1 function')" \
	'-g: sources, languages, compilers'
like "$(of '.binaries[0].groups[] | "\(.source) \(.language) \(.compiler)"')" '^foo.c C gcc 12' '-g: what is known of one'
run "$pgoctl" check --instrumented prog
like "$out" 'compiled by gcc 12[.0-9]+, what has probes by clang 22' 'it is said for people'
like "$out" '^no: too little of it has probes' 'and what it comes to'
run "$pgoctl" check --instrumented --error-format=github prog
is "$status $(grep -c '^::warning ' "$tmp/out") $(grep -c '^::error ' "$tmp/out")" '1 4 1' 'as annotations of GitHub'

# --- other linkers, link-time optimization, sections of their own
for linker in lld-22 gold; do
	rm -f prog prog.map
	clang-22 $probes -fuse-ld=$linker -o prog main.o util.o fast.o libfoo.a ./libdso.so -Wl,-Map=prog.map
	check --map prog.map prog
	is "$(findings)" "$(printf '%s\n' 'fast.o 1 assembly' 'libfoo.a 4 other-compiler' 'util.o 1 function')" \
		"the map of $linker"
done
check --map prog.map libdso.so
is "$status" 7 'the map of another file is refused'
like "$err" "'prog.map' is not the map of 'libdso.so'" 'and named'
set -- "clang-22 -flto -fuse-ld=lld-22 $probes" "gcc-12 -flto $probes" \
	"gcc-12 -ffunction-sections -Wl,--gc-sections $probes"
[ -z "${PGO_TESTS_LONG:-}" ] || set -- "$@" "clang-22 -flto=thin -fuse-ld=lld-22 $probes" \
	"clang-14 -fuse-ld=lld-22 $probes" 'clang-14 -fprofile-instr-generate'
for how; do
	rm -f whole whole.map
	$how -O2 -fPIC -o whole main.c foo.c bar.c util.c dso.c fast.S -Wl,-Map=whole.map
	check --map whole.map --min-share 50% whole
	is "$status $(of '.binaries[0].functions | map(.name) | join(" ")' | tr ' ' '\n' | sort | tr '\n' ' ')" \
		'0 fast skipped ' "$how: only what cannot have probes has none"
done

# --- one name twice: by the file it is known, by the file's name alone it is not
mkdir -p one two
printf 'static __attribute__((noinline)) int helper(int x) { return x * 3 + 1; }\nint one(int x) { return helper(x); }\n' >one/same.c
sed 's/one/two/; s/3/5/' one/same.c >two/same.c
sed 's/one/three/; s/3/7/' one/same.c >third.c
echo 'int one(int), two(int), three(int); int main(int c, char **v) { (void)v; return one(c) + two(c) + three(c); }' >names.c
for cc in clang-22 gcc-12; do
	$cc -O2 $probes -o one.o -c one/same.c
	$cc -O2 -o two.o -c two/same.c
	$cc -O2 -c third.c
	$cc -O2 $probes -o names names.c one.o two.o third.o
	check names
	case $cc in
	clang-22) want='[2,3,2]' ;;
	gcc-12) want='[3,4,0]' ;;
	esac
	is "$(of '.binaries[0] | [.probed.functions, .bare.functions, .ambiguous.functions]')" "$want" \
		"$cc: functions of one name"
done

# --- what is not there
gcc-12 -O2 -o plain names.c one/same.c two/same.c third.c
check plain
is "$status $(of '.binaries[0] | [.probes, .judged]')" '1 ["none",false]' 'a program without probes'
run "$pgoctl" check --instrumented plain
like "$out" 'not instrumented: no function of it has probes' 'is named'
for cc in clang-22 gcc-12; do
	$cc -O2 $probes -o full names.c one/same.c two/same.c third.c
	strip -o bare full
	check bare
	like "$status $(of '.binaries[0] | [.probes, .judged, .limit]')" "^0 .*${cc%-*}.*false,.*stripped" "$cc: stripped: it is said"
	check --min-share 1% bare
	is "$status" 1 "$cc: and a share that is asked for is not reached"
	like "$("$pgoctl" check --instrumented --min-share 1% bare)" "^no: how much of it has probes cannot be known" "$cc: which is why"
	like "$("$pgoctl" check --instrumented --min-share 1% --error-format=github bare)" "^::error .*cannot be known" "$cc: for GitHub, too"
	head -c "$(($(wc -c <full) - 100))" full >short
	exits 7 "$cc: a file that is cut off" "$pgoctl" check --instrumented short
	like "$err" "'short' is cut off: it ends at byte" "$cc: is not judged"
	check full
	is "$status $(findings)" '0 ' "$cc: nothing is found before that"
done
strip -o dso.so libdso.so
check dso.so
is "$(of '.binaries[0] | [.judged, .probed.functions, .bare.functions]')" '[true,1,0]' 'a stripped shared object: what others may call'
exits 7 'a text' "$pgoctl" check --instrumented main.c
exits 2 'an object' "$pgoctl" check --instrumented main.o
exits 2 'nothing' "$pgoctl" check --instrumented none
exits 2 'without what is to be checked' "$pgoctl" check prog
like "$err" 'hint: one of --instrumented' 'what there is is said'

# --- after each instrumented build
mkdir src && cp main.c util.c foo.c bar.c dso.c fast.S src
cat >src/Makefile <<'X'
prog: main.o util.o libdso.so fast.o libfoo.a
	$(CC) -o prog main.o util.o fast.o -L. -lfoo -ldso -Wl,-rpath,$(CURDIR)
libdso.so: dso.c
	$(CC) $(CFLAGS) -fPIC -shared -o $@ $<
X
cat >pgo.yaml <<'X'
version: 1
toolchain: {cc: clang-22}
build: {source: src, command: make CFLAGS=-O2, artifacts: [prog]}
workloads: [{name: one, run: '"$PGO_OUT/prog"'}]
X
(cd src && gcc-12 -O2 -c foo.c bar.c && ar rc libfoo.a foo.o bar.o && rm foo.o bar.o && touch -d '1 hour ago' libfoo.a)
for cc in clang-22 gcc-12; do
	run "$pgoctl" collect --cc $cc --json
	is "$status" 0 "$cc: collect"
	case $cc in
	clang-22) want='compiled by gcc 12' ;;
	gcc-12) want='compiled before this build' ;;
	esac
	like "$err" "warning: 'prog': libfoo.a \(4 functions, [0-9.]+ % of the code\) are not instrumented: $want" "$cc: warns of the archive"
	is "$(of '.instrumentation[0] | [.artifact, .bare.functions]')" '["prog",6]' "$cc: it is in the JSON"
	is "$(of '.instrumentation[1] | [(.artifact | sub(".*/"; "")), .probed.functions, .bare.functions]')" \
		'["libdso.so",2,0]' "$cc: so is a library that it needs"
	is "$(jq -c '.instrumentation[0].findings[0].what' .pgo/stages/instrumented/stage.json)" '"./libfoo.a"' "$cc: and in stage.json"
	run "$pgoctl" collect --cc $cc --json
	like "$err" 'libfoo.a .* not instrumented' "$cc: a stage that is kept says it again"
done
rm src/libfoo.a
echo 'libfoo.a: foo.o bar.o; ar rc $@ $^' >>src/Makefile
sed -i 's/ fast.o//' src/Makefile
sed -i 's/ + fast(argc)//; s/ + skipped(argc)//' src/main.c
sed -i '/skipped/d' src/util.c
exits 0 'with the library as a part of the build' "$pgoctl" collect
unlike "$err" 'not instrumented|have probes' 'nothing is warned of'
done_testing
