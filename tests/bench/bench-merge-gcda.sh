#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Merging 100 .gcda trees of lua, of sqlite and of a program of 300 files: pgoctl beside 99 calls
# of gcov-tool, in turns in one run, the median of each; the result beside what libgcov leaves when
# the same runs write into one folder.
#	bench-merge-gcda.sh [ROW...]	lua, sqlite, files; all by default
# BENCH_CC=gcc-12, BENCH_TREES=100, BENCH_RUNS=5, BENCH_FILES=300, BENCH_DIR=FOLDER (kept; else one
# that goes away).
# Prints TAB-separated lines: row, peer and ours in seconds, ratio, target, met, identical.
# Ends with 1 when a target is not met or a result differs, 6 when a tool or a source is missing.
# shellcheck disable=SC2086,SC2317 # flags are words; functions are called by name
set -u

here=$(cd "$(dirname "$0")" && pwd)
srcdir=$(cd "${srcdir:-$here/../..}" && pwd)
builddir=$(cd "${builddir:-.}" && pwd)
pgoctl=$builddir/pgoctl
cc=${BENCH_CC:-gcc-12}
gcov_tool=gcov-tool-${cc#gcc-}
nr_trees=${BENCH_TREES:-100}
nr_runs=${BENCH_RUNS:-5}
target=10
bad=0
unset GCOV_PREFIX GCOV_PREFIX_STRIP

for tool in "$cc" "$gcov_tool" "$pgoctl"; do
	command -v "$tool" >/dev/null || { echo "bench: no $tool" >&2; exit 6; }
done
if [ -n "${BENCH_DIR:-}" ]; then
	mkdir -p "$BENCH_DIR" && dir=$(cd "$BENCH_DIR" && pwd) || exit 6
else
	dir=$(mktemp -d "${TMPDIR:-/tmp}/pgoctl-bench.XXXXXX") || exit 6
	trap 'rm -rf "$dir"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
fi

now() { date +%s%N; }

# compile OBJECTS-FOLDER FLAGS SOURCE...
compile() {
	out=$1 flags=$2
	shift 2
	mkdir -p "$out" && cd "$out" || exit 6
	for source; do
		echo "$source"
	done | xargs -P "$(nproc)" -n 4 "$cc" -O2 -fprofile-generate $flags -c || exit 6
}

build_lua() {
	[ -d "$srcdir/examples/lua/src/src" ] || "$srcdir/examples/lua/fetch" || exit 6
	mkdir -p "$dir/lua" && echo '#define luai_makeseed(L) 1u' >"$dir/lua/seed.h" || exit 6
	# No clock and no address is in what it does: two runs count the same.
	cat >"$dir/lua/run.lua" <<-'END'
		local n, t, s = tonumber(arg[1]), {}, 0
		for i = 1, 20 * n + 9 do t[i] = string.format("%d:%s", i * 7 % 13, i) end
		table.sort(t)
		for w in table.concat(t, " "):gmatch("%d+") do s = s + #w end
		local next = coroutine.wrap(function() for i = 1, n do coroutine.yield(i // 3) end end)
		for _ = 1, n do s = s + next() end
		if n % 4 == 1 then s = s + select("#", table.unpack(t)) end
		if n % 3 == 1 then s = s .. load("return ...", "c")(t[1]):upper():rep(3, "-") end
		print(s, pcall(error, "no"), math.max(n, 7.5))
	END
	set --
	for source in "$srcdir"/examples/lua/src/src/*.c; do
		[ "${source##*/}" = luac.c ] || set -- "$@" "$source"
	done
	compile "$dir/lua/o" "-DLUA_USE_LINUX -include $dir/lua/seed.h" "$@"
	"$cc" -fprofile-generate -Wl,-E -o ../prog ./*.o -lm -ldl || exit 6
}
run_lua() {	# N
	setarch -R "$dir/lua/prog" "$dir/lua/run.lua" "$1" >/dev/null
}

build_sqlite() {
	[ -d "$srcdir/examples/sqlite/src" ] || "$srcdir/examples/sqlite/fetch" || exit 6
	compile "$dir/sqlite/o" "-DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION \
		-DSQLITE_ENABLE_RTREE" "$srcdir"/examples/sqlite/src/sqlite3.c \
		"$srcdir"/examples/sqlite/src/speedtest1.c
	"$cc" -fprofile-generate -o ../prog ./*.o -lm || exit 6
}
run_sqlite() {
	set -- "$1" main cte rtree orm
	shift $(($1 % 4 + 1))
	"$dir/sqlite/prog" --testset "$1" --size $((1 + n % 3)) --memdb >/dev/null
}

build_files() {
	mkdir -p "$dir/files/src"
	awk -v dir="$dir/files/src" -v nr="${BENCH_FILES:-300}" 'BEGIN {
		for (i = 0; i < nr; i++) {
			file = sprintf("%s/f%d.c", dir, i)
			for (j = 0; j < 13; j++)
				printf "unsigned f%d_%d(unsigned x)\n{\n\tunsigned s = x;\n" \
					"\tfor (unsigned i = 0; i < x %% %d; i++)\n" \
					"\t\ts += i %% (x + 1) ? s / (i + 1) : s << 1;\n" \
					"\treturn s;\n}\n", i, j, 3 + j > file
			close(file)
		}
		file = dir "/main.c"
		print "#include <stdlib.h>" > file
		for (i = 0; i < nr; i++)
			for (j = 0; j < 13; j++)
				printf "unsigned f%d_%d(unsigned);\n", i, j > file
		print "static unsigned (*const f[])(unsigned) = {" > file
		for (i = 0; i < nr; i++)
			for (j = 0; j < 13; j++)
				printf "f%d_%d,\n", i, j > file
		print "};\nint main(int argc, char **argv)\n{\n\tunsigned s = 0, n = 0;\n" \
			"\tif (argc > 1) n = (unsigned)atoi(argv[1]);\n" \
			"\tfor (unsigned i = 0; i < 3000; i++)\n" \
			"\t\ts += f[(i * (n + 7)) % (sizeof(f) / sizeof(*f))](i + n);\n" \
			"\treturn s == 42;\n}" > file
	}'
	compile "$dir/files/o" '' "$dir"/files/src/*.c
	"$cc" -fprofile-generate -o ../prog ./*.o || exit 6
}
run_files() { "$dir/files/prog" "$1"; }

# trees ROW: t0, t1 ... and seq, where libgcov itself did it.
trees() {
	[ -e "$dir/$1/made-$nr_trees" ] && return
	rm -rf "${dir:?}/$1"
	"build_$1"
	n=0
	while [ $n -lt "$nr_trees" ]; do
		for tree in t$n seq; do
			# Object folders stand at the top of each tree.
			GCOV_PREFIX=$dir/$1/$tree GCOV_PREFIX_STRIP=$strip "run_$1" $n || exit 6
		done
		n=$((n + 1))
	done
	: >"$dir/$1/made-$nr_trees"
}

with_gcov_tool() {
	rm -rf m0 m1
	begin=$(now)
	"$gcov_tool" merge t0 t1 -o m1 || exit 6
	n=2
	while [ $n -lt "$nr_trees" ]; do
		"$gcov_tool" merge m$(((n + 1) % 2)) t$n -o m$((n % 2)) || exit 6
		n=$((n + 1))
	done
	end=$(now)
	echo $((end - begin))
}

with_pgoctl() {
	rm -rf ours
	begin=$(now)
	"$pgoctl" -q merge "$@" -o ours/ >/dev/null || exit 6
	end=$(now)
	echo $((end - begin))
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

bench() {
	strip=$(printf '%s' "$dir/$1/o" | tr -cd / | wc -c)
	trees "$1"
	cd "$dir/$1" || exit 6
	set -- "$1" $(seq -f 't%.0f' 0 $((nr_trees - 1)))
	row=$1
	shift
	: >peer
	: >ours.times
	round=0
	while [ $round -lt "$nr_runs" ]; do
		with_gcov_tool >>peer
		with_pgoctl "$@" >>ours.times
		round=$((round + 1))
	done
	same=yes
	diff -r seq ours >/dev/null || same=no
	awk -v row="$row" -v a="$(median <peer)" -v b="$(median <ours.times)" -v t=$target \
		-v same=$same 'BEGIN {
		printf "gcda %s\t%.3f\t%.3f\t%.1f\t%d\t%s\t%s\n", row, a / 1e9, b / 1e9, a / b, t,
			(a / b >= t) ? "yes" : "no", same
		exit !(a / b >= t && same == "yes")
	}' || bad=1
}

printf 'row\tpeer\tours\tratio\ttarget\tmet\tidentical\n'
[ $# -gt 0 ] || set -- lua sqlite files
for row; do
	bench "$row"
done
exit $bad
