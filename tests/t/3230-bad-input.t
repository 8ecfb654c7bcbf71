#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Workloads and machines that are not as one would wish.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

HOME=$tmp XDG_DATA_HOME=$tmp XDG_STATE_HOME=$tmp
export HOME XDG_DATA_HOME XDG_STATE_HOME
need jq perl
validate() { "$pgoctl" validate --pairs 6 "$@"; }

# alive MARK: a process whose command line has the word and which has not ended.
alive() {
	for dir in /proc/[0-9]*; do
		tr '\000' '\n' 2>/dev/null <"$dir/cmdline" | grep -Fxq "$1" &&
			! grep -q ') Z ' "$dir/stat" 2>/dev/null && return 0
	done
	return 1
}
gone() {
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		alive "$1" || return 0
		sleep 0.1
	done
	echo "still there after round $i: $1"
	return 1
}

# Daemons, which leave the process group.
run validate -a 'setsid sleep 612.5 & sleep 0.02' -b 'setsid sleep 612.5 & sleep 0.02'
ok "a command that leaves daemons behind is validated" is_verdict "$status"
like "$err" "leaves processes behind, 1 in a run: they are ended" "and they are told of"
ok "and ended" gone 612.5
run validate -a 'sleep 0.02' -b 'sleep 0.02'
unlike "$err" "leaves processes behind" "one that leaves none is not told of"

# Outputs.
run validate -a 'date +%N; sleep 0.02' -b 'date +%N; sleep 0.02'
ok "output that differs from run to run is no miscompare" is_verdict "$status"
like "$out" "output differs run by run, not compared" "and is told"
exits 5 "output that differs from side to side is one" \
	validate -a 'echo a; sleep 0.02' -b 'echo b; sleep 0.02'
like "$out" "OUTPUT DIFFERS" "and is told"

# Input: nobody's terminal.
run validate -a 'cat; sleep 0.02' -b 'cat; sleep 0.02'
ok "a command that reads its input finds its end" is_verdict "$status"

# Short ones are repeated within a run, long ones announced.
for i in 1 2 3; do	# a busy machine may hold up this program itself for so long that one seems enough
	run validate --json -a 'exec true' -b 'exec true'
	times=$(printf '%s\n' "$out" | sed -n 's/.*"processes_per_run": \([0-9]*\).*/\1/p')
	[ "${times:-0}" -lt 2 ] || break
done
ok "a very short command is validated" is_verdict "$status"
ok "by many processes a run" test "${times:-0}" -ge 2
fifty_ms='exec perl -e "1 while (times)[0] < 0.05"'
run validate --json -a "$fifty_ms" -b "$fifty_ms"
like "$out" '"processes_per_run": 1,' "one that is not, is not"
run validate --budget 300ms -a 'exec sleep 0.05' -b 'exec sleep 0.05'
ok "a budget that is too small still gives the fewest pairs" is_verdict "$status"
like "$err" "warning: the budget is 300.0 ms, but the fewest pairs that can tell anything take" \
	"and that is told before"
run validate --budget 10m -a 'exec sleep 0.02' -b 'exec sleep 0.02'
unlike "$err" "the budget is" "one that suffices is not told of"
exits 8 "a command that takes longer than it may" \
	validate --timeout 1s -a 'exec sleep 0.02' -b 'exec sleep 613.5'
like "$err" "\(candidate\) did not end within 1.00 s" "is told with its side"
unlike "$err" "hint:" "and no log is named, which would be gone"
ok "and is gone" gone 613.5

# Computed by a child, so that a run is measured by its wall time: a kernel may take one long sleep of
# a single thread for delay.
cat >compute <<'S'
#!/bin/sh
i=0
while [ $i -lt 40000 ]; do i=$((i + 1)); done
S
chmod +x compute

# One that fails after some pairs: they are not taken back. The eighth run of its pairs fails, the
# first look is after six.
cat >fails <<'S'
#!/bin/sh
echo . >>"$1"
[ "$(wc -l <"$1")" -le "$2" ] || exit 9
./compute
sleep 0.02
S
chmod +x fails
exits 8 "a run that fails after some pairs" \
	validate --pairs 15 --unit pair --evidence half.jsonl -a './fails a 99' -b './fails late 10'
like "$err" "before the run that failed say: pgoctl validate --replay half.jsonl" "they are kept"
run "$pgoctl" validate --replay half.jsonl
ok "and replayed" is_verdict "$status"
like "$out" "ends early" "as far as they go"
exits 8 "kept nowhere" \
	validate --pairs 15 --unit pair -a './fails a2 99' -b './fails late2 10'
like "$err" "are not kept; with --evidence FILE they are" "they are told of"
exits 8 "a run that fails before there are pairs" validate -a 'sleep 0.02' -b './fails soon 1'
unlike "$err" "before the run that failed" "has nothing to tell of"

# Much output: compared as a stream. Address space counts for what the command runs, too.
cat >much <<'S'
#!/bin/sh
exec head -c 50000000 /dev/zero
S
chmod +x much
if prlimit --as=60000000 "$pgoctl" --version >/dev/null 2>&1; then
	printf '#!/bin/sh\nexec prlimit --as=60000000 "%s" "$@"\n' "$pgoctl" >lean
	chmod +x lean
	bounded() { (pgoctl=./lean; validate -a ./much -b ./much); }
	run bounded
	ok "50 MB of output a run are compared in less memory" is_verdict "$status"
	unlike "$out" "OUTPUT DIFFERS" "and are the same"
else
	skip 2 "the address space cannot be limited here"
fi

# A machine that tells nothing: no /proc at all, so no schedstat, no pressure, no cgroup.
if unshare -m sh -c 'mount -t tmpfs none /proc' 2>/dev/null; then
	bare() {
		unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh \
			"$pgoctl" validate --pairs 6 --evidence bare.jsonl "$@"
	}
	run bare -a 'exec sleep 0.03' -b 'exec sleep 0.03'
	ok "a validation without /proc ends" is_verdict "$status"
	is "$(grep '"kind"' bare.jsonl | grep -c '"run_delay_ns":[0-9]')" 0 \
		"the scheduler's delay is not measured"
	is "$(grep '"kind"' bare.jsonl | grep -c '"steal_ns":[0-9]')" 0 "nor is steal"
	like "$(head -n 1 bare.jsonl)" '"metric":"wall"' "a program that waits has wall time then"
else
	skip 4 "cannot mount over /proc"
fi

# The time of day steps to and fro; the clock of a run does not.
cat >step.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long step(void)
{
	static long n;
	return (++n % 2 ? 1 : -1) * 86400 * n;
}
int clock_gettime(clockid_t id, struct timespec *ts)
{
	int ret = (int)syscall(SYS_clock_gettime, id, ts);
	if (id == CLOCK_REALTIME)
		ts->tv_sec += step();
	return ret;
}
int gettimeofday(struct timeval *tv, void *tz)
{
	struct timespec ts;
	(void)tz;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}
time_t time(time_t *ret)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	if (ret)
		*ret = ts.tv_sec;
	return ts.tv_sec;
}
C
if ${CC:-cc} -shared -fPIC -o step.so step.c 2>/dev/null; then
	stepping() {
		ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 LD_PRELOAD=$PWD/step.so \
			"$pgoctl" validate --pairs 6 --json --evidence step.jsonl "$@"
	}
	run stepping -a 'exec sleep 0.03' -b 'exec sleep 0.03'
	ok "a validation during which the time of day steps ends" is_verdict "$status"
	days=$(grep -o '"wall_ns":[0-9]*' step.jsonl | awk -F : '$2 > 6e11 || $2 < 2e7' | wc -l)
	is "$days" 0 "and no run took days, or less than no time"
else
	skip 2 "no C compiler"
fi

# A signal. It comes to a shell's background job as TERM: INT is ignored there.
enough() { test "$(grep -c '"kind":"ab"' cut.jsonl 2>/dev/null || :)" -ge "$1" 2>/dev/null; }
interrupt() {	# WHEN COMMAND...: TERM once WHEN is true
	when=$1
	shift
	"$@" >cut.out 2>cut.err &
	pid=$!
	for i in $(seq 600); do
		$when && break
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	kill -TERM $pid 2>/dev/null
	wait $pid
	status=$?
	out=$(cat cut.out) err=$(cat cut.err)
	: "round $i"
}
# So great an effect that no look is needed is asked for, so that it goes on to the end.
interrupt "enough 14" "$pgoctl" validate --pairs 200 --min-effect 99% --evidence cut.jsonl --json \
	-a 'exec sleep 0.03' -b 'exec sleep 0.02'
is "$status" 143 "a validation that is ended by a signal says so by its status"
like "$out" '"cancelled": true' "what the last look said is printed"
looks=$(printf '%s\n' "$out" | grep -c '"exact"')
ok "there was one" test "$looks" -ge 1
cp cut.out live.json
run "$pgoctl" validate --replay cut.jsonl --json
# What the warm-up waited for is no part of the evidence.
strip() { jq 'del(.waits, .forecast, .exit_code)' "$1" | sed '/"wall_ns"/d; /"cancelled"/d; /"evidence"/d; /"decided"/d; /"futile"/d'; }
strip live.json >a.txt
strip "$tmp/out" >b.txt
ok "and its evidence says the same again" cmp a.txt b.txt

is "$(jq .exit_code live.json)" 143 "its status is in the result, too"
is "$(jq '.overall.looked_at_pairs == .overall.looks[-1].pairs' live.json)" true "and what the interval is of"
ok "what was foretold is in the result" jq -e '.forecast.round_ns > 0' live.json
like "$("$pgoctl" validate --replay cut.jsonl)" '; the evidence ends early' "a replay tells that it ended early"

# More than can be proven, by any number of pairs and by the fewest.
for pairs in 6 8; do
	run "$pgoctl" validate --pairs $pairs --margin 0.0001% -a 'exec sleep 0.01' -b 'exec sleep 0.01'
	is $status 7 "$pairs pairs: a margin that cannot be proven is refused"
	like "$err" "a margin of 0.0001 % is below what $pairs pairs can prove here" "and that is said"
done

# A test says so wherever its result goes.
run "$pgoctl" validate --inject 300% --pairs 8 --evidence inject.jsonl --json -a 'exec sleep 0.02' -b 'exec sleep 0.02'
is "$(jq ".injected == 3" "$tmp/out")" true "an injected slow-down is in the result"
run "$pgoctl" validate --replay inject.jsonl
like "$out" 'a test: the candidate also span for 300.0 % of each run, which makes equal sides -75.0 %' "and in the evidence"

interrupt "alive 614.5" "$pgoctl" validate -a 'exec sleep 614.5' -b 'exec sleep 614.5'
is "$status" 143 "one that is ended before the first look has nothing to say"
is "$out" "" "and prints no result"
like "$err" "error: stopped by Terminated" "but why"

# Runs that disturb each other: every second one is slow, so the second of a pair, or the first.
cat >toggle <<'S'
#!/bin/sh
n=$(cat n)
echo $((1 - n)) >n
./compute
sleep 0.$((2 * n))2
S
chmod +x toggle
# Of so many pairs that six which are alike by chance do not yet decide.
toggled() { echo 0 >n && "$pgoctl" validate --pairs 12 --json --evidence "$@" -a ./toggle -b ./toggle; }
run toggled auto.jsonl
like "$err" "warning: the second run of a pair differs from the first by itself \(p [0-9.e-]+\)" \
	"an effect of the order is told of"
like "$out" '"position_effect": true' "and in the result"
abba=$(printf '%s\n' "$out" | sed -n 's/.*"abba_units": \([0-9]*\).*/\1/p')
ok "the rest is made in units of two pairs" test "${abba:-0}" -ge 1
cp "$tmp/out" live.json
run "$pgoctl" validate --replay auto.jsonl --json
strip "$tmp/out" >b.txt
strip live.json >a.txt
ok "and its evidence says the same again" cmp a.txt b.txt
run toggled pair.jsonl --unit=pair
like "$out" '"abba_units": 0' "but not against an order to the contrary"

done_testing
