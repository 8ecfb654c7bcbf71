#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a run leaves in the evidence, and runs that go wrong.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

HOME=$tmp XDG_DATA_HOME=$tmp XDG_STATE_HOME=$tmp
export HOME XDG_DATA_HOME XDG_STATE_HOME
validate() { "$pgoctl" validate --pairs 6 "$@"; }

# alive MARK: a process whose command line has the word and which has not ended.
alive() {
	for dir in /proc/[0-9]*; do
		tr '\000' '\n' <"$dir/cmdline" 2>/dev/null | grep -Fxq "$1" &&
			! grep -q ') Z ' "$dir/stat" 2>/dev/null && return 0
	done
	return 1
}

# gone MARK: soon at the latest; a killed process needs a moment.
gone() {
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		alive "$1" || return 0
		sleep 0.1
	done
	echo "still there after round $i: $1"
	return 1
}

exits 8 "a command that fails" validate -a 'exit 3' -b true
like "$err" "failed with status 3" "is told with its status"

exits 8 "one that hangs" validate --timeout 200ms -a 'sleep 610.25 & sleep 610.5' -b true
like "$err" "did not end within 200.0 ms" "is told with the time it had"
ok "its own process is gone" gone 610.5
ok "and those that it had started" gone 610.25

sh -c 'exec sleep 30.125' &
other=$!
exits 8 "one that ignores the polite signal" \
	validate --timeout 100ms -a 'trap "" TERM; sleep 610.75; sleep 610.75' -b true
ok "is gone, too" gone 610.75
ok "and nobody else" kill -0 $other
kill $other

echo 'two words' >in
run validate --evidence ev.jsonl --stdin in -a 'cat; sleep 0.02' -b 'cat; sleep 0.02'
ok "runs that read their input end in a verdict" is_verdict "$status"
pairs=$(grep -c '"kind"' ev.jsonl)
ok "each pair is in the evidence" test "$pairs" -ge 6
hash=$(sha256sum in | cut -d ' ' -f 1)
is "$(grep '"kind"' ev.jsonl | grep -o "\"output\":\"$hash\"" | wc -l)" $((2 * pairs)) \
	"each run has read all of it, from its beginning"

# Measured is a number, not measured is null; never anything else, never left out.
field() {	# NAME PATTERN: every run has it so
	test "$(grep '"kind"' ev.jsonl | grep -Eo "\"$1\":($2)[,}]" | wc -l)" -eq $((2 * pairs))
}
for name in wall_ns cpu_ns minor_faults major_faults vol_switches invol_switches; do
	ok "$name is measured" field $name '[0-9]+'
done
for name in max_rss_bytes throttled_ns steal_ns pressure_ns cycles instructions branches \
	branch-misses L1-icache-load-misses iTLB-load-misses stalled-cycles-frontend \
	LLC-load-misses dTLB-load-misses task-clock page-faults context-switches \
	cpu-migrations; do
	ok "$name is measured or said not to be" field $name 'null|[0-9]+'
done
if [ -e /proc/self/schedstat ]; then
	ok "run_delay_ns is measured" field run_delay_ns '[0-9]+'
else
	skip 1 "no /proc/self/schedstat"
fi
if [ -d /sys/bus/event_source/devices/cpu ]; then
	skip 1 "there is a PMU"
else
	ok "without a PMU there are no cycles" field cycles null
fi

done_testing
