#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Recordings with branch stacks into profiles of source lines and of BOLT: llvm-profgen, perf2bolt
# and the compilers are the judges.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

need valgrind clang++-22 llvm-profgen-22 llvm-profdata-22
synth=$builddir/tests/lib/perf-synth
cat >work.cc <<'END'
#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <vector>
#define KEEP __attribute__((noinline))
namespace app {
struct shape { virtual ~shape() {} virtual int area() const = 0; };
struct square : shape { int a; square(int x) : a(x) {} int area() const override { return a * a; } };
struct disc : shape { int r; disc(int x) : r(x) {} int area() const override { return r * r * 3; } };
template <class T> KEEP T total(const std::vector<T> &v)
{
	T s{};
	for (auto &x : v)
		s += x;
	return s;
}
static int half(int i) { return i % 2 ? i * 3 : i / 2; }
static KEEP int risky(int i)
{
	if (i % 61 == 0)
		throw std::runtime_error("61");
	return half(i) + half(i + 1);
}
}
static std::vector<int> early(3, 7);
int main()
{
	std::vector<int> v;
	app::shape *shapes[] = { new app::square(3), new app::disc(4) };
	int s = 0, grid[64] = { 0 };

	for (int i = 0; i < 300; i++)
		v.push_back((i * 7919) % 1000);
	std::sort(v.begin(), v.end(), [](int a, int b) { return a > b; });
	for (int i = 1; i < 200; i++)
		try {
			s += app::risky(i) + shapes[i % 3 == 0]->area();
		} catch (std::exception &) {
			s--;
		}
	for (int r = 0; r < 9; r++)
		for (int i = 0; i < 64; i++)
			grid[i] = grid[i] * 3 + r;
	return app::total(v) + s + early[1] + grid[5] == 1;
}
END

# trace NAME SAMPLES COMPILER...: build it, and a recording of it.
trace() {
	name=$1
	samples=$2
	shift 2
	"$@" -Wl,--emit-relocs,--build-id -o "$name" work.cc || return
	objcopy --strip-debug "$name" traced || return
	# shellcheck disable=SC2046 # three words
	set -- $(readelf -lW "$name" | awk '/R E/ { print $3, $6, $2; exit }')
	start=$1
	[ $(($1)) -ge $((0x400000)) ] || start=$(printf '0x%x' $(($1 + 0x108000)))
	valgrind --tool=lackey --trace-mem=yes --log-fd=9 ./traced 9>&1 >/dev/null 2>&1 | grep '^I' |
		"$synth" "$name.data" "$tmp/work/$name" "$start" "$2" "$3" \
			"$(readelf -n "$name" | awk '/Build ID/ { print $3 }')" "$samples" 7 ${chain:-}
}
theirs() { # FORMAT
	llvm-profgen-22 --format="$1" --perfdata "$program.data" --binary "./$program" -o theirs \
		>/dev/null 2>&1
}

lines="-g1 -fdebug-info-for-profiling"
while IFS=: read -r program options; do
	# shellcheck disable=SC2086 # several words
	ok "$program: a recording is made" trace $program 2500 clang++-22 $options
	exits 0 "$program: to text" "$pgoctl" convert $program.data --to sample-text -o ours
	ok "$program: llvm-profgen's" theirs text
	ok "$program: the same, byte for byte" cmp ours theirs
	like "$(cat ours)" "^main:[1-9]" "$program: of this program"
	for form in binary extbinary; do
		exits 0 "$program: to $form" "$pgoctl" convert $program.data --to sample-$form -o ours
		ok "$program: llvm-profgen's" theirs $form
		ok "$program: the same, byte for byte" cmp ours theirs
	done
done <<END
fixed:-O2 -static $lines -funique-internal-linkage-names
pie:-O3 -g -static-pie -fdebug-info-for-profiling
old:-O2 -g -gdwarf-4 -ffunction-sections -static
END
ok "llvm-profdata reads it" llvm-profdata-22 show --sample ours
exits 0 "without an output's name" "$pgoctl" convert fixed.data --to sample-extbinary
ok "it has the suffix" test -s fixed.sample.prof
like "$err" "branch entries are in it, [0-9]+ lie elsewhere" "what is in it is told"

# --- what has the lines may be elsewhere, or nowhere
"$pgoctl" convert fixed.data --to sample-text -o whole 2>/dev/null
cp fixed kept
objcopy --only-keep-debug kept debug
strip fixed
rm -f ours
exits 7 "a stripped program" "$pgoctl" convert fixed.data --to sample-text -o ours
like "$err" "'.*/fixed' has no debug information, and there is no '/usr/lib/debug/.build-id/" "is refused"
like "$err" "^hint: build it with -g1 -fdebug-info-for-profiling .* --debug-file FILE" "what to do is told"
ok "and nothing is written" test ! -e ours
exits 0 "its debug file is named" "$pgoctl" convert fixed.data --to sample-text \
	--binary fixed --debug-file debug -o ours
ok "and has the lines" cmp ours whole
id=$(readelf -n kept | awk '/Build ID/ { print $3 }')
folder=root/usr/lib/debug/.build-id/$(echo "$id" | cut -c1-2)
mkdir -p "$folder" "root$PWD"
cp debug "$folder/$(echo "$id" | cut -c3-).debug"
cp fixed "root$PWD/"
exits 0 "it is found by build id" "$pgoctl" convert fixed.data --to sample-text --root root -o ours
ok "and has the lines" cmp ours whole
exits 2 "it is not there" "$pgoctl" convert fixed.data --to sample-text --debug-file none -o ours
cp kept fixed
exits 7 "no debug information at all" "$pgoctl" convert pie.data --to afdo-2 --binary pie \
	--debug-file traced -o ours
like "$err" "'traced' has no debug information" "is told"

# --- pseudo-probes, and discriminators that mean more: llvm-profgen's own matter
# shellcheck disable=SC2086 # several words
ok "pseudo-probes: a recording is made" trace probes 2500 clang++-22 -O2 -static $lines \
	-fpseudo-probe-for-profiling
program=probes
exits 0 "pseudo-probes" "$pgoctl" convert probes.data --to sample-text -o ours
theirs text
ok "give llvm-profgen's profile" cmp ours theirs
like "$(cat ours)" "!CFGChecksum: " "which is one of probes"
# With call chains beside: contexts, by the samples themselves.
chain=callchain
# shellcheck disable=SC2086 # several words
ok "contexts: a recording is made" trace contexts 2500 clang++-22 -O2 -fno-omit-frame-pointer \
	-fno-optimize-sibling-calls -static $lines -fpseudo-probe-for-profiling
chain=
program=contexts
exits 0 "contexts" "$pgoctl" convert contexts.data --to sample-text -o ours
# Of call chains perf 6 prints offsets in the file, which llvm-profgen takes for addresses.
perf script -i contexts.data -F ip,brstack --show-mmap-events 2>perf.log |
	awk '/^\t/ && length($1) < 6 { $0 = sprintf("\t%16s", "4" substr("00000" $1, length($1) + 1)) } 1' >script
llvm-profgen-22 --format=text --perfscript=script --binary=./contexts --output=theirs >profgen.log 2>&1
ok "are llvm-profgen's of what perf script prints" cmp ours theirs
llvm-profgen-22 --format=text --ignore-stack-samples --perfscript=script --binary=./contexts \
	--output=flat >profgen.log 2>&1
ok "which are not those without callers" sh -c '! cmp -s ours flat'
exits 0 "the same from that text" "$pgoctl" convert script --to sample-text -o again
ok "gives the same" cmp again theirs
exits 0 "which is read" "$pgoctl" show again
ok "and compiled with" clang++-22 -O2 -fpseudo-probe-for-profiling -fprofile-sample-use=ours -c work.cc -o with.o
exits 0 "in the binary form" "$pgoctl" convert contexts.data --to sample-extbinary -o ours.bin
llvm-profdata-22 merge --sample --text ours.bin -o a
llvm-profdata-22 merge --sample --text theirs -o b
ok "it is the same" cmp a b
mkdir -p bin
exits 6 "without llvm-profgen" env PATH="$PWD/bin" "$pgoctl" convert probes.data --to sample-text \
	--llvm 22 -o ours2
like "$err" "^hint: apt-get install llvm-22$" "the package is named"
printf '#!/bin/sh\necho broken; exit 3\n' >bin/llvm-profgen-22
chmod +x bin/llvm-profgen-22
exits 8 "one that fails" env PATH="$PWD/bin:$PATH" "$pgoctl" convert probes.data --to sample-text \
	--llvm 22 -o ours2
like "$err" "^ *broken$" "is quoted"
ok "and nothing is written" test ! -e ours2
# shellcheck disable=SC2086 # several words
ok "flow-sensitive: a recording is made" trace flow 2500 clang++-22 -O2 -static $lines \
	-mllvm -enable-fs-discriminator
program=flow
exits 0 "flow-sensitive discriminators" "$pgoctl" convert flow.data --to sample-text -o ours
theirs text
ok "give llvm-profgen's profile" cmp ours theirs

# --- BOLT
if have perf2bolt-22; then
	for program in fixed pie; do
		exits 0 "$program: for BOLT" "$pgoctl" convert $program.data --to fdata -o ours.fdata
		ok "$program: perf2bolt's" perf2bolt-22 -p $program.data -o theirs.fdata ./$program
		sort ours.fdata >ours
		sort theirs.fdata >theirs
		ok "$program: the same" cmp ours theirs
	done
	exits 0 "it is read" "$pgoctl" show ours.fdata
else
	skip 7 "no perf2bolt-22"
fi
rm -f bin/*
exits 6 "without perf2bolt" env PATH="$PWD/bin" "$pgoctl" convert fixed.data --to fdata --llvm 22 -o none
like "$err" "^hint: apt-get install bolt-22$" "the package is named"

# --- GCC
if have g++-12; then
	ok "gcc: a recording is made" trace gnu 2500 g++-12 -O2 -g1 -static
	for v in 1 2; do
		exits 0 "gcc: .afdo version $v" "$pgoctl" convert gnu.data --to afdo-$v -o v$v.afdo
		exits 0 "gcc: is read" "$pgoctl" show --json v$v.afdo
		like "$out" '"version": '$v',?$' "gcc: as version $v"
	done
	like "$out" '"name": "main"' "gcc: of this program"
	hot() { # OPTIONS...: functions that the compiler knows to be hot.
		rm -f work.cc.*
		g++-12 -O2 -g1 -fdump-tree-optimized-blocks "$@" -c work.cc -o work.o &&
			grep -h '^;; Function .*(hot)' work.cc.*optimized | sed 's/.*(\([^,]*\),.*/\1/'
	}
	like "$(hot -fauto-profile=v2.afdo)" "risky" "g++-12 takes it"
	unlike "$(hot)" "risky" "and has it from there"
else
	skip 10 "no g++-12"
fi
done_testing
