#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pgoctl doctor: its matrix agrees with what the compilers really do here, and with pgoctl itself.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 gcc-12 llvm-profdata-22 python3

# Whatever else runs: all temporary folders are this test's.
mkdir "$tmp/t" && export TMPDIR="$tmp/t"

# flat: of the JSON in $tmp/out, a line "KEY.KEY=VALUE" each; toolchains, pairs and facts by their names.
flat() {
	python3 -c '
import json, sys
def keys(v, i):
	if not isinstance(v, dict): return [str(i)]
	if "names" in v: return v["names"]
	return [v["from"] + ">" + v["to"]] if "from" in v else [v.get("name", str(i))]
def walk(path, v):
	if isinstance(v, dict):
		for k in v: walk(path + [k], v[k])
	elif isinstance(v, list):
		print(".".join(path) + "=" + " ".join(v if v and isinstance(v[0], str) else [str(len(v))]))
		for i, x in enumerate(v if v and isinstance(v[0], dict) else []):
			for k in keys(x, i): walk(path + [k], x)
	else:
		print(".".join(path) + "=" + str(v))
walk([], json.load(sys.stdin))' <"$tmp/out" >"$tmp/flat"
}
# ask KEY: its value. has KEY VALUE DESCRIPTION: it is that.
ask() { awk -v key="$1=" 'index($0, key) == 1 { print substr($0, length(key) + 1) }' "$tmp/flat"; }
has() { is "$(ask "$1")" "$2" "$3"; }
hasre() { like "$(ask "$1")" "$2" "$3"; }

# --- the real ones
exits 0 'gcc-12' "$pgoctl" doctor --quick --cc gcc-12 --json
is "$err" '' 'nothing but the result is printed'
flat
has toolchains.gcc-12.tries.build.answer yes 'it builds'
has toolchains.gcc-12.tries.instrument.answer yes 'it counts'
has toolchains.gcc-12.tries.bolt.what 'left out by --quick' 'what is left out is said'
has toolchains.gcc-12.module None 'it needs no module'
has pairs 0 'no pairs with --quick'
exits 0 'clang-22' "$pgoctl" doctor --cc clang-22 --json
flat
has toolchains.clang-22.tries.build.answer yes 'it builds'
has toolchains.clang-22.tries.instrument.answer yes 'it counts'
has toolchains.clang-22.tries.bolt.answer "$(have llvm-bolt-22 && echo yes || echo no)" 'BOLT, where it is'
has toolchains.clang-22.version "$(clang-22 --version | sed -n 's/.*clang version \([0-9.]*\).*/\1/p')" 'its version'
has toolchains.clang-22.module "$([ -e "$builddir/llvm-22.so" ] && echo True || echo False)" 'its module'
is "$(grep -c '^machine\..*\.answer=' "$tmp/flat")" \
	"$(grep -Ec '^machine\..*\.answer=(yes|no|not measured|info)$' "$tmp/flat")" 'every fact has an answer'
is "$(grep -Ec '^machine\..*\.what=(None)?$' "$tmp/flat")" 0 'and what it rests on'
sample=$(ask toolchains.clang-22.tries.sample.answer)
branches=$(ask 'machine.branch stacks.answer')
has toolchains.clang-22.tries.branches.answer "$([ "$sample" = yes ] && echo "$branches" || echo 'not measured')" \
	'the recording has branch stacks where the machine says so'

# --- agreement with collect --sample
cat >a.c <<'X'
static volatile unsigned sum;
__attribute__((noinline)) static void step(unsigned i) { sum += i; }
int main(void) { for (unsigned i = 0; i < 40000000; i++) step(i); return 0; }
X
clang-22 -O1 -g1 -fdebug-info-for-profiling a.c -o a
run "$pgoctl" collect --sample --overhead-runs 0 --cc clang-22 --binary "$PWD/a" -o s.prof --json -- "$PWD/a"
case $status in
0) is "$sample" yes 'collect --sample works, and the doctor says so'
	is "$(sed -n 's/^ *"branch_stacks": \(.*\)$/\1/p' "$tmp/out")" \
		"$([ "$branches" = yes ] && echo true || echo false)" 'so with branch stacks' ;;
*) is "$sample" no "collect --sample does not work, and the doctor says so"
	skip 1 'nothing was sampled' ;;
esac

# --- PATH alone: names, each program once
mkdir only && for tool in ld as; do ln -s "$(command -v $tool)" only/; done
real=$(command -v gcc-12)
ln -s "$real" only/gcc-12 && ln -s "$real" only/gcc && ln -s gcc only/cc
fake() {	# NAME: its lines are on standard input
	{ echo '#!/bin/sh'; cat; } >"only/$1"
	chmod +x "only/$1"
}
few() { PATH=$PWD/only:/nowhere "$pgoctl" doctor --quick "$@"; }
fake clang-99 <<'X'
case $1 in
-v) echo "clang version 99.0.0"; echo "Target: x86_64-pc-linux-gnu" ;;
*) echo "clang-99: error: unable to execute command: Segmentation fault"; exit 1 ;;
esac
X
exits 0 'another one works: all is well' few --json
flat
has well True 'which is told'
has toolchains 2 'each program is tried once'
has toolchains.cc.names 'gcc-12 gcc cc' 'under its names'
has "toolchains.clang-99.tries.build.answer" no 'one that cannot build'
hasre toolchains.clang-99.tries.build.what 'cannot build the baseline program: clang-99: error: unable' \
	'in its own words'
has "toolchains.clang-99.tries.build.mend" 'sudo apt-get install --reinstall clang-99' 'what mends it'
has "toolchains.clang-99.tries.instrument.answer" 'not measured' 'what rests on it is not measured'
has machine.perf.answer no 'no perf on that PATH'
hasre machine.perf.mend 'apt-get install linux-' 'which one installs'
has toolchains.gcc-12.tries.sample.mend "$(ask machine.perf.mend)" 'it is told of the compiler, too'

rm only/gcc-12 only/gcc only/cc
exits 6 'a broken compiler alone' few
like "$out" '^clang-99 +99\.0\.0 +no +\? ' 'the matrix'
like "$out" '^no: build with clang-99$' 'what does not work'
like "$out" '^  mend: sudo apt-get install --reinstall clang-99$' 'and the command'
is "$(printf '%s\n' "$out" | grep -v 'mend:' | awk 'length > 100')" '' 'no line is too long to read'

# --- what compilers do at their worst
fake clang-99 <<'X'
case $1 in
-v) echo "clang version 99.0.0" ;;
*) kill -SEGV $$ ;;
esac
X
exits 6 'one that crashes' few --json
flat
hasre toolchains.clang-99.tries.build.what 'was ended by signal 11' 'is told'
fake clang-99 <<'X'
case $1 in
-v) echo "clang version 99.0.0" ;;
*) exec tail -f /dev/null ;;
esac
X
ln -s "$(command -v tail)" only/tail
exits 6 'one that hangs' few --json --timeout 2s
flat
hasre toolchains.clang-99.tries.build.what 'did not end within 2.00 s' 'is told'
fake clang-99 <<'X'
exec tail -f /dev/null
X
exits 6 'also before it tells its version' few --json --timeout 200ms
flat
hasre toolchains.clang-99.tries.build.what 'does not tell its version in time' 'is told'
has toolchains.clang-99.family None 'nothing is known of it'
fake clang-99 <<'X'
echo "I am a teapot"
X
exits 6 'no compiler at all' few --json
flat
hasre toolchains.clang-99.tries.build.what "calls itself 'I am a teapot'" 'is told'
# The real one without its profile runtime: told by the linker's words.
fake clang-99 <<X
case "\$*" in
*fprofile-generate*) echo "ld: cannot find /x/libclang_rt.profile.a: No such file or directory"; exit 1 ;;
*) exec $(command -v clang-22) "\$@" ;;
esac
X
ln -s "$(command -v clang-22)" only/clang-22
exits 6 'one without its runtime' few --json --cc clang-99
flat
has "toolchains.clang-99.tries.build.answer" yes 'it builds'
has "toolchains.clang-99.tries.instrument.mend" 'sudo apt-get install libclang-rt-22-dev' 'the package is named'
exits 6 'one that is not there' few --cc clang-98
like "$err" "no compiler 'clang-98' on PATH" 'is told'
rm -rf only
mkdir only
exits 6 'no compiler' few
like "$out" '^no compiler is on PATH$' 'is told'
like "$out" '^  mend: sudo apt-get install gcc$' 'with the command'

# --- other versions, Rust, their profiles: all that is here
if [ -n "${PGO_TESTS_LONG:-}" ]; then
	exits 0 'all of them' "$pgoctl" doctor --json
flat
	for cc in clang-14 clang-19 clang-22 rustc; do
		if have $cc; then
			has "toolchains.$cc.tries.instrument.answer" yes "$cc"
		else
			skip 1 "no $cc"
		fi
	done
	if have clang-19; then
		has 'pairs.clang-22>clang-19.answer' yes 'a profile of 22 for 19'
	else
		skip 1 'no clang-19'
	fi
	if have gcc-11; then
		has 'pairs.gcc-11>gcc-12.answer' no 'GCC takes its own only'
		has 'pairs.gcc-11>gcc-12.mend' 'pgoctl collect --cc gcc-12' 'which is told'
	else
		skip 2 'no gcc-11'
	fi
fi
is "$(ls -A "$TMPDIR")" '' 'no folder is left behind'
done_testing
