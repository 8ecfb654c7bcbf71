#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The short form of make bench-validate: the error rates that are guaranteed, from few repetitions,
# and that the benchmark tells a target that is met from one that is not.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

bench() {
	run "$builddir/tests/bench/validate-bench" --pgoctl "$pgoctl" \
		--spin "$builddir/tests/bench/spin" "$@"
}

# results ROW: the last words of its lines.
results() { printf '%s\n' "$out" | grep "^$1 " | grep -Eo '(met|NOT MET|not measured)$' | sort -u; }

bench --rows 1
if [ "$status" -eq 3 ] && [ -z "$PGO_TESTS_COMPLETE" ]; then
	skip 1 "no libRmath"
else
	is "$(results 1)" met "the laws are libRmath's to 1e-12"
fi
bench --rows 2 --scale 0.005
is "$(results 2)" met "the boundaries are the design's"

# 800 simulations: a true rate of 5 % stays below 7.5 % but for one in 1,600 tries.
bench --rows 3 --scale 0.002 --json figures.json
is "$(printf '%s\n' "$out" | grep -c '^3 ')" 4 "coverage: a line for each n_max"
is "$(grep -c '"missed":' figures.json)" 20 "the figures are of five noises and four sizes"
rate=$(grep '"missed":' figures.json | tr -d , | awk '{ s += $2 } END { print s / NR }')
is "$(echo "$rate" | awk '{ print ($1 > 0.01 && $1 < 0.075) }')" 1 "5 % of all intervals miss at some look: $rate"

bench --rows 8 --scale 0.0005
is "$(printf '%s\n' "$out" | grep -c '^8 ')" 2 "ten workloads: a line for each noise"

# Two programs, one of which does twice the work, are no A/A.
cat >unequal <<END
#!/bin/sh
case \$0 in */b/*) exec "$builddir/tests/bench/spin" 2000 ;; esac
exec "$builddir/tests/bench/spin" 1000
END
chmod +x unequal
run "$builddir/tests/bench/validate-bench" --pgoctl "$pgoctl" --spin "$PWD/unequal" --rows 5 \
	--scale 0.001
is "$status" 1 "live A/A of what differs misses the target"
is "$(results 5)" "NOT MET" "and the table says so, with and without noise"

run "$builddir/tests/bench/validate-bench" --pgoctl /nonexistent --spin /nonexistent --rows 4
is "$status" 6 "a missing program is told apart from a missed target"
run "$builddir/tests/bench/validate-bench"
is "$status" 2 "and so is a wrong command line"

done_testing
