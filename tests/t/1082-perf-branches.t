#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Branch stacks of a real program into the forms of llvm-profgen and perf2bolt, against their own.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

need valgrind clang-22 llvm-profgen-22 perf
synth=$builddir/tests/lib/perf-synth
cat >work.c <<'END'
#include <stdlib.h>
#define KEEP __attribute__((noinline))
KEEP static unsigned odd(unsigned x) { return x * 3 + 1; }
KEEP static unsigned even(unsigned x) { return x / 2; }
static unsigned (*const table[2])(unsigned) = { even, odd };
KEEP static unsigned walk(unsigned x)
{
	unsigned n = 0;

	for (; x > 1 && n < 40; n++) {
		unsigned next = table[x & 1](x);

		switch (next % 5) {
		case 0: next ^= 4; break;
		case 1: next += 2; break;
		case 3: next -= 1; break;
		}
		x = next;
	}
	return n;
}
int main(void)
{
	unsigned s = 0;

	for (unsigned i = 1; i < 120; i++)
		s += walk(i);
	return s == 1;
}
END

# trace NAME OPTIONS...: build it, and a recording of it; valgrind reads no new debug information.
trace() {
	name=$1
	shift
	clang-22 -O2 -g1 -fdebug-info-for-profiling -Wl,--emit-relocs,--build-id "$@" \
		-o "$name" work.c || return
	objcopy --strip-debug "$name" traced || return
	set -- $(readelf -lW "$name" | awk '/R E/ { print $3, $6, $2; exit }')
	# A position-independent program is put here.
	start=$1
	[ $(($1)) -ge $((0x400000)) ] || start=$(printf '0x%x' $(($1 + 0x108000)))
	valgrind --tool=lackey --trace-mem=yes --log-fd=9 ./traced 9>&1 >/dev/null 2>&1 |
		"$synth" "$name.data" "$tmp/work/$name" "$start" "$2" "$3" \
			"$(readelf -n "$name" | awk '/Build ID/ { print $3 }')" 600 7 $chain
}

bolt() { # FORM FILE OUT
	perf2bolt-22 $1 -p "$2" -o "$3" "./$program" >bolt.log 2>&1
}

for program in fixed pie; do
	case $program in
	fixed) set -- -no-pie ;;
	pie) set -- -pie -fPIE ;;
	esac
	ok "$program: a recording is made" trace $program "$@"
	exits 0 "$program: is read" "$pgoctl" show --json $program.data
	like "$out" '"samples": 600,' "$program: all samples"
	like "$out" '"branch_entries": 19200,' "$program: all branches"
	run perf script -F brstack -i $program.data
	is "$(printf '%s\n' "$out" | tr ' ' '\n' | grep -c '^0x')" 19200 "$program: as perf script has them"

	exits 0 "$program: for llvm-profgen" "$pgoctl" convert $program.data --to unsymbolized -o ours
	ok "$program: its own" llvm-profgen-22 --skip-symbolization --perfdata $program.data \
		--binary ./$program -o theirs
	ok "$program: the same, byte for byte" cmp ours theirs
	ok "$program: its profile from ours" llvm-profgen-22 --format=text --unsymbolized-profile=ours \
		--binary ./$program -o ours.prof
	ok "$program: its profile" llvm-profgen-22 --format=text --perfdata $program.data \
		--binary ./$program -o theirs.prof
	ok "$program: the same as well" cmp ours.prof theirs.prof
	like "$(cat ours.prof)" "^walk:" "$program: of this program"

	perf script -F ip,brstack --show-mmap-events -i $program.data >script
	exits 0 "$program: from text" "$pgoctl" convert script --to unsymbolized --binary ./$program -o text
	ok "$program: as from the recording" cmp ours text

	exits 0 "$program: for perf2bolt" "$pgoctl" convert $program.data --to preaggregated -o ours.pa
	if have perf2bolt-22; then
		ok "$program: which reads it" bolt --pa ours.pa ours.fdata
		ok "$program: and the recording" bolt "" $program.data theirs.fdata
		sort ours.fdata >ours.sorted
		sort theirs.fdata >theirs.sorted
		ok "$program: with the same profile" cmp ours.sorted theirs.sorted
		like "$(cat ours.fdata)" "^1 walk.* 1 walk" "$program: of this program"
	else
		skip 4 "no perf2bolt-22"
	fi
	exits 0 "$program: for an older one" "$pgoctl" convert $program.data --to preaggregated \
		--llvm 19 -o old.pa
	is "$(cut -c1 old.pa | sort -u | paste -sd ' ')" "B F f" "$program: in branches and runs"
	is "$(awk '/^B/ { n += $4; m += $5 } END { print n, m }' old.pa)" \
		"$(awk '/^T/ { n += $5 } /^B/ { n += $4; m += $5 } END { print n, m }' ours.pa)" \
		"$program: as often taken and mispredicted"
done

# --- branch stacks and call chains in one recording, which perf2bolt cannot read
chain=callchain
ok "with call chains" trace fixed -no-pie
exits 0 "branches" "$pgoctl" convert fixed.data --to preaggregated -o chains.pa
like "$(cat chains.pa)" "^T " "are there"
exits 0 "and stacks" "$pgoctl" convert fixed.data --to collapsed -o chains.txt
is "$(awk '{ n += $NF } END { print n }' chains.txt)" 600 "all of them"
done_testing
