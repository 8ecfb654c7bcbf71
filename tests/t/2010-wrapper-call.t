#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the wrapper makes of a call: which compiler runs, with which arguments. The compilers are
# scripts that write down how they were called.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$srcdir/tests/lib/driver.sh"

mkdir "$tmp/fake"
cat >"$tmp/fake/gcc-12" <<'X'
#!/bin/sh
{ basename "$0"; printf '[%s]' "$@"; echo; } >>"$FAKE_OUT"
X
for name in g++-12 gcc-11 gcc clang-19 aarch64-linux-gnu-gcc ccache rustc; do
	cp "$tmp/fake/gcc-12" "$tmp/fake/$name"
done
chmod +x "$tmp"/fake/*
FAKE_OUT=$tmp/called
PATH=$tmp/fake:$PATH
export FAKE_OUT PATH
"$tool" shims "$shims" "$wrapper"

version='Target: x86_64-linux-gnu
gcc version 12.2.0 (Debian 12.2.0-14+deb12u1)'
conf() {	# stage [profile [root]]
	conf_stage=$1
	shift
	stage_name=$conf_stage
	: >"$log"
	echo "$version" | "$tool" conf "$tmp/conf" "$tmp/fake/gcc-12" "$tmp/fake/g++-12" \
		"$conf_stage" "$shims" "$log" "$@"
}
# call COMMAND...: what the script wrote, on one line; status is the call's.
call() {
	rm -f "$FAKE_OUT"
	run build "$@"
	got=$(tr '\n' ' ' <"$FAKE_OUT" 2>/dev/null)
}
gen=-fprofile-generate=/proc/pgoctl
keep=-Wl,-u,__gcov_dump_int,-u,__gcov_reset_int

# --- which compiler
conf instrumented
for name in cc gcc clang gcc-12 x86_64-linux-gnu-gcc x86_64-linux-gnu-gcc-12; do
	call "$name" -c a.c
	is "$got" "gcc-12 [-c][a.c][$gen] " "$name is the project's C compiler"
done
for name in c++ g++ clang++ g++-12; do
	call "$name" -c a.cc
	is "$got" "g++-12 [-c][a.cc][$gen] " "$name is the project's C++ compiler"
done
call sh -c '"$CC" -c a.c && "$CXX" -c a.cc'
is "$got" "gcc-12 [-c][a.c][$gen] g++-12 [-c][a.cc][$gen] " "CC and CXX are"
call c99 -c a.c
is "$got" "gcc-12 [-std=c99][-c][a.c][$gen] " "c99 says what it stands for"
call c89 -std=gnu11 -c a.c
is "$got" "gcc-12 [-std=gnu11][-c][a.c][$gen] " "unless the call does"
is "$(count foreign)" 0 "none of them is foreign"
for name in gcc-11 clang-19 aarch64-linux-gnu-gcc; do
	call "$name" -c a.c
	is "$got" "$name [-c][a.c] " "$name runs as asked, untouched"
done
is "$(count foreign)" 3 "and is reported"
call gcc-11 --version
is "$(count foreign)" 3 "but not for a question"
call rustc -O a.rs
is "$got" "rustc [-O][a.rs] " "rustc is foreign to a C project"

# --- launchers, and calls by path
call "$wrapper" gcc -c a.c
is "$got" "gcc-12 [-c][a.c][$gen] " "pgoctl-cc gcc"
call "$wrapper" ccache gcc -c a.c
is "$got" "ccache [$tmp/fake/gcc-12][-c][a.c][$gen] " "pgoctl-cc ccache gcc"
call "$wrapper" "$tmp/fake/gcc-11" -c a.c
is "$got" "gcc-11 [-c][a.c] " "pgoctl-cc with a path"
call "$wrapper" "$shims/gcc-11" -c a.c
is "$got" "gcc-11 [-c][a.c] " "pgoctl-cc with the path of a link to itself"
exits 2 "pgoctl-cc make" build "$wrapper" make all
like "$err" "'make' is no compiler" "says why"
exits 2 "pgoctl-cc alone" build "$wrapper"
exits 127 "pgoctl-cc with a compiler that is not there" build "$wrapper" gcc-77 -c a.c
like "$err" "no 'gcc-77' on PATH" "says so"

# --- which flags
call gcc a.o b.o -o p
is "$got" "gcc-12 [a.o][b.o][-o][p][$gen][$keep] " "a link"
call gcc a.c b.o -o p
is "$got" "gcc-12 [a.c][b.o][-o][p][$gen][$keep] " "both at once, each flag once"
call gcc -c -- a.c
is "$got" "gcc-12 [-c][$gen][--][a.c] " "before --"
for args in "-E a.c" "-M a.c" "--version" "-dumpversion" "-v" "-print-file-name=x" "-### -c a.c" \
	"-fsyntax-only a.c" "-c a.s" "-c a.S" "-r a.o" "--help" ""; do
	call gcc $args
	is "$got" "gcc-12 $(printf '[%s]' $args) " "left alone: $args"
done
conf optimized "$tmp/use dir"
use="[-fprofile-use=$tmp/use dir][-fprofile-correction][-Wmissing-profile][-Wno-error=missing-profile][-Wno-error=coverage-mismatch]"
call gcc -c a.c
is "$got" "gcc-12 [-c][a.c]$use " "a compile that uses a profile"
call gcc a.o
is "$got" "gcc-12 [a.o][-fprofile-use=$tmp/use dir] " "a link"
call gcc -c conftest.c
is "$got" "gcc-12 [-c][conftest.c] " "a probe of configure sees the plain compiler"
mkdir -p CMakeFiles/CMakeTmp
call sh -c 'cd CMakeFiles/CMakeTmp && cc -c x.c'
is "$got" "gcc-12 [-c][x.c] " "and one of CMake"
conf instrumented
call gcc -c conftest.c
is "$got" "gcc-12 [-c][conftest.c][$gen] " "but not while instrumenting"
conf instrumented "" "$PWD"
call gcc -c a.c
is "$got" "gcc-12 [-c][a.c][$gen][-fprofile-prefix-path=$PWD] " "the prefix of profile names"
call sh -c 'cd "$1" && gcc -c a.c' x "$tmp"
is "$got" "gcc-12 [-c][a.c][$gen] " "is not given outside of it"
conf baseline
call gcc -c a.c
is "$got" "gcc-12 [-c][a.c] " "no flags in the baseline"
is "$(count compiles)" 1 "but a line in the log"

# --- names
conf instrumented
odd='a b'\''"$(x)`y`\n#%p@
z.c'
call gcc -c "$odd" "-DX=\"y z\"" -o "$odd.o"
is "$got" "gcc-12 [-c][$(printf '%s' "$odd" | tr '\n' ' ')][-DX=\"y z\"][-o][$(printf '%s' "$odd" | tr '\n' ' ').o][$gen] " \
	"odd names and options"
like "$(tail -n 1 "$log")" 'z\.c"\],"mode":"compile"' "are logged on one line"
ok "that is JSON" "$tool" sum "$log"

# --- response files
printf '%s' '-c "a b.c" -o x\ y.o' >r1
call gcc @r1
is "$got" "gcc-12 [@r1][$gen] " "a response file is looked at, and passed on as it is"
is "$(logged compile | tail -n 1)" "a b.c: $gen" "its source is logged"
printf '%s' '-E' >r2
call gcc @r2 a.c
is "$got" "gcc-12 [@r2][a.c] " "and what it asks for counts"
printf '%s' '-c -- a.c' >r3
call gcc -O2 @r3
is "$got" "gcc-12 [-O2][$gen][@r3] " "flags go before one that ends the options"
call gcc @absent -c a.c
is "$got" "gcc-12 [@absent][-c][a.c][$gen] " "a missing one is left to the compiler"
echo '@r4 -c a.c' >r4
call gcc @r4
is "$got" "gcc-12 [@r4] " "and so is a circle"
like "$(tail -n 1 "$log")" '"why":"response files in a circle"' "which is logged"
mkfifo pipe
call gcc @pipe -c a.c
is "$got" "gcc-12 [@pipe][-c][a.c] " "a pipe is not read"
call gcc -c a.c -o
is "$got" "gcc-12 [-c][a.c][-o] " "an option without its value gets no flag for one"

# --- long command lines
args=$(awk 'BEGIN { for (i = 0; i < 20000; i++) printf "-DNAME_%d=%d ", i, i }')
call gcc $args -c a.c
is "$(wc -c <"$FAKE_OUT" | tr -d ' ')" "$(printf 'gcc-12\n%s\n' "$(printf '[%s]' $args -c a.c "$gen")" | wc -c | tr -d ' ')" \
	"20,000 arguments arrive"
awk 'BEGIN { for (i = 0; i < 300000; i++) print "dir_" i "/object.o" }' >many
call gcc @many -o p
is "$got" "gcc-12 [@many][-o][p][$gen][$keep] " "a response file of 300,000 objects"

# --- stale objects
conf instrumented
touch -d '2001-01-01' old.o 'older $.a'
touch new.o
mkdir sub && mv old.o sub/
call gcc new.o sub/old.o 'older $.a' absent.o "$PWD/sub/old.o" /usr/bin/env -o p
is "$(count stale)" 3 "objects older than the stage are found"
like "$(calls)" 'stale:sub/old.o stale:older \$\.a' "by name"
call gcc new.o -o p
call gcc -c a.c sub/old.o
is "$(count stale)" 3 "new ones, and what is not linked, are not"

done_testing
