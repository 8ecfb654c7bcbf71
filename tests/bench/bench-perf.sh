#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Recordings of 250 MB and 1 GB with branch stacks, to an LLVM sample profile and to a BOLT profile:
# pgoctl against llvm-profgen and perf2bolt, side by side, medians of several runs; times in seconds,
# memory in MB. Then a real recording of SQLite with call stacks, to collapsed stacks: pgoctl
# against perf script and awk. Needs valgrind for the trace, and 3 GB of disk.
# usage: [RUNS=5] [SIZES="250 1000"] [SQLITE=400] [LLVM=22] tests/bench/bench-perf.sh [FOLDER]
# SIZES= or SQLITE= leave a part out; SQLITE is the size for speedtest1.
srcdir=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd) || exit 1
builddir=$(cd "${builddir:-.}" && pwd) || exit 1
RUNS=${RUNS:-5}
SIZES=${SIZES-250 1000}
SQLITE=${SQLITE-1600}
LLVM=${LLVM:-22}
keep=${1:-}
dir=${keep:-$(mktemp -d "${TMPDIR:-/tmp}/bench-perf.XXXXXX")} || exit 1
[ -n "$keep" ] || trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$dir" && cd "$dir" || exit 1
pgoctl=$builddir/pgoctl
synth=$builddir/tests/lib/perf-synth
BYTES_A_SAMPLE=824

fail() {
	echo "$*" >&2
	exit 1
}

# The program, and the trace of all its instructions, once.
program() {
	[ -s trace ] && return
	"clang-$LLVM" -O2 -g1 -fdebug-info-for-profiling -funique-internal-linkage-names -static \
		-Wl,--emit-relocs,--build-id "$srcdir"/examples/minivm/src/*.c -o minivm -lm \
		2>/dev/null || fail "cannot build minivm"
	objcopy --strip-debug minivm minivm.traced || fail "cannot copy minivm"
	valgrind --tool=lackey --trace-mem=yes --log-fd=9 ./minivm.traced \
		"$srcdir/examples/minivm/bench/words.mv" 200 3 9>&1 >/dev/null 2>&1 |
		grep '^I' >trace.new || fail "cannot trace it"
	mv trace.new trace
}

recording() { # MB
	[ -s "$1.data" ] && return
	# shellcheck disable=SC2046 # three words
	set -- "$1" $(readelf -lW minivm | awk '/R E/ { print $3, $6, $2; exit }') \
		"$(readelf -n minivm | awk '/Build ID/ { print $3 }')"
	"$synth" "$1.data" "$dir/minivm" "$2" "$3" "$4" "$5" $(($1 * 1000000 / BYTES_A_SAMPLE)) 7 <trace ||
		fail "cannot make a recording"
}

# measure COMMAND...: the median of the times and the most memory, "1.234 56".
measure() {
	i=0
	: >time.log
	while [ "$i" -lt "$RUNS" ]; do
		/usr/bin/time -a -o time.log -f '%e %M' "$@" >log 2>&1 || fail "$* failed: $(tail -n 3 log)"
		i=$((i + 1))
	done
	sort -n time.log | awk '{ t[NR] = $1; m = $2 > m ? $2 : m }
		END { printf "%.3f %.0f\n", t[int((NR + 1) / 2)], m / 1024 }'
}

ours_collapsed() {
	"$pgoctl" convert "$1" --to collapsed -o ours.txt
}
# The fields that it takes and no more; awk has a core of its own while perf prints.
theirs_collapsed() {
	perf script -F comm,ip,sym -i "$1" 2>/dev/null | awk '
		/^$/ { if (comm != "") n[comm stack]++; comm = stack = ""; next }
		/^\t/ { i = index(substr($0, 2), $1) + length($1) + 2; stack = ";" substr($0, i) stack; next }
		{ gsub(/^ +| +$/, ""); comm = $0 }
		END { if (comm != "") n[comm stack]++; for (s in n) print s, n[s] }' >theirs.txt
}

# As commands of their own, so that their time and memory are those of all their parts.
if [ "${BENCH_PART:-}" ]; then
	"$BENCH_PART" "$BENCH_INPUT"
	exit
fi
part() { # FUNCTION INPUT
	measure env BENCH_PART="$1" BENCH_INPUT="$2" srcdir="$srcdir" builddir="$builddir" \
		sh "$srcdir/tests/bench/bench-perf.sh" "$dir"
}

line() { # WHAT MB OURS THEIRS SAME
	# shellcheck disable=SC2086 # two words each
	set -- "$1" "$2" $3 $4 "$5"
	awk -v what="$1" -v mb="$2" -v ot="$3" -v om="$4" -v tt="$5" -v tm="$6" -v same="$7" 'BEGIN {
		printf "%-34s %5d MB  %8.3f s %6d MB   %8.3f s %6d MB   %6.1f x  %s\n",
			what, mb, ot, om, tt, tm, tt / (ot ? ot : 0.001), same }'
}
same() { # A B
	sort "$1" >a.sorted
	sort "$2" >b.sorted
	cmp -s a.sorted b.sorted && echo same || echo DIFFERS
}

# What llvm-bolt makes of a profile, and what it says of it: how many functions it has reordered, and
# the branches that are taken before and after. It writes its command line into the program, which
# is the same for both.
bolted() { # PROFILE
	cp "$1" bolt.fdata
	"llvm-bolt-$LLVM" minivm -o bolted -data bolt.fdata -reorder-blocks=ext-tsp -reorder-functions=cdsort \
		-split-functions -dyno-stats >"$1.log" 2>&1 || fail "llvm-bolt failed: $(tail -n 3 "$1.log")"
	mv bolted "$1.bolted"
	grep -E '^BOLT-INFO: .* functions|^ +[0-9]+ : ' "$1.log" >"$1.stats"
}
row_bolted() { # MB
	bolted ours.fdata
	bolted theirs.fdata
	grep -q 'taken branches' ours.fdata.stats || fail "llvm-bolt has told nothing of branches"
	printf '%-34s %5d MB  -dyno-stats %s, the program %s; %s; %s\n' "optimized by these" "$1" \
		"$(same ours.fdata.stats theirs.fdata.stats)" \
		"$(cmp -s ours.fdata.bolted theirs.fdata.bolted && echo same || echo DIFFERS)" \
		"$(sed -n 's/.*reordering modified layout of \([0-9]* functions\).*/\1/p' ours.fdata.stats) reordered" \
		"$(sed -n 's/^ *[0-9]* : \(taken branches (.*\)/\1/p' ours.fdata.stats)"
}

total() { awk '{ n += $NF } END { print n + 0 }' "$1"; }

sqlite_recording() {
	[ -s sqlite.data ] && return
	src=${SQLITE_SRC:-$srcdir/examples/sqlite/src}
	[ -f "$src/sqlite3.c" ] || "$srcdir/examples/sqlite/fetch" || fail "no source of sqlite"
	"clang-$LLVM" -O2 -g1 -fno-omit-frame-pointer -Wl,--build-id -DSQLITE_THREADSAFE=0 \
		-DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_ENABLE_RTREE "$src/sqlite3.c" "$src/speedtest1.c" \
		-o speedtest1 -lm 2>/dev/null || fail "cannot build sqlite"
	perf record -q -F 4000 -g -o sqlite.new ./speedtest1 --testset main --size "$SQLITE" --memdb \
		>/dev/null 2>log || fail "cannot record: $(tail -n 3 log)"
	mv sqlite.new sqlite.data
}

row_collapsed() {
	sqlite_recording
	ours=$(part ours_collapsed sqlite.data)
	theirs=$(part theirs_collapsed sqlite.data)
	ours_total=$(total ours.txt)
	theirs_total=$(total theirs.txt)
	line "to collapsed stacks" "$(($(wc -c <sqlite.data) / 1000000))" "$ours" "$theirs" \
		"$([ "$ours_total" = "$theirs_total" ] && echo same || echo DIFFERS): $ours_total samples"
}

read_rate() { # WHAT MB "SECONDS MEMORY"
	echo "$3" | awk -v what="$1" -v mb="$2" '{ printf "%-34s %5d MB  %8.3f s %6d MB   %.2f GB/s\n",
		what, mb, $1, $2, mb / 1000 / ($1 ? $1 : 0.001) }'
}

[ -z "$SIZES" ] || program
echo "what                              recording  pgoctl                theirs                ratio"
for mb in $SIZES; do
	recording "$mb"
	read_rate "read and aggregated" "$mb" \
		"$(measure "$pgoctl" convert "$mb.data" --to unsymbolized -o ours.raw)"
	read_rate "read and aggregated, one core" "$mb" \
		"$(measure taskset -c 0 "$pgoctl" convert "$mb.data" --to unsymbolized -o one.raw)"
	ours=$(measure "$pgoctl" convert "$mb.data" --to sample-extbinary --llvm "$LLVM" -o ours.prof)
	theirs=$(measure "llvm-profgen-$LLVM" --perfdata "$mb.data" --binary ./minivm -o theirs.prof)
	line "to an LLVM sample profile" "$mb" "$ours" "$theirs" "$(same ours.prof theirs.prof)"
	ours=$(measure "$pgoctl" convert "$mb.data" --to fdata --llvm "$LLVM" -o ours.fdata)
	theirs=$(measure "perf2bolt-$LLVM" -p "$mb.data" -o theirs.fdata ./minivm)
	line "to a BOLT profile" "$mb" "$ours" "$theirs" "$(same ours.fdata theirs.fdata)"
	row_bolted "$mb"
done
[ -z "$SQLITE" ] || row_collapsed
