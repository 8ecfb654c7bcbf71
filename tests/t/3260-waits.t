#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a run waited for: measured, kept, and said where PGO cannot help; in training and before a validation.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need gcc-12 python3

mkdir app && cd app || exit 1
cat >a.c <<'X'
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
static double used(void) { return (double)clock() / CLOCKS_PER_SEC; }
int main(int argc, char **argv)
{
	volatile unsigned sum = 0;
	const char *what = argc > 1 ? argv[1] : "";
	if (!strcmp(what, "sleep"))
		for (int i = 0; i < 7; i++)
			usleep(100000);
	if (!strcmp(what, "nap"))
		for (int i = 0; i < 14; i++)
			usleep(10000);
	if (!strcmp(what, "write"))
		for (int i = 0; i < 3; i++) {
			FILE *f = fopen(argv[2], "w");
			for (int k = 0; k < 100000; k++)
				fprintf(f, "%d\n", k);
			fflush(f);
			fsync(fileno(f));
			fclose(f);
		}
	/* As much processor time as is asked for, whatever else runs. */
	for (double end = used() + (strcmp(what, "burn") ? 0.001 : 1); used() < end;)
		for (int i = 0; i < 100000; i++)
			sum += i;
	if (!strcmp(what, "daemon") && daemon(1, 0) == 0) {
		fclose(fopen(argv[2], "w"));
		sleep(60);
	}
	return 0;
}
X
cat >pgo.yaml <<'X'
version: 1
toolchain: {cc: gcc-12}
build: {command: "$CC -O1 a.c -o a", artifacts: [a]}
workloads:
  - {name: sleeper, run: '"$PGO_OUT/a" sleep', output: none}
  - {name: burner, run: '"$PGO_OUT/a" burn', output: none}
  - {name: writer, run: '"$PGO_OUT/a" write "$PGO_TMP/f"', use: train}
  - {name: daemon, run: '"$PGO_OUT/a" daemon "$PGO_TMP/up"; until [ -e "$PGO_TMP/up" ]; do sleep 0.05; done', use: train, timeout: 60s}
X
# flat: of the JSON in $tmp/out, a line "KEY.KEY=VALUE" each; runs by the names of their workloads.
flat() {
	python3 -c '
import json, sys
def walk(path, v):
	if isinstance(v, dict):
		for k in v: walk(path + [k], v[k])
	elif isinstance(v, list) and v and isinstance(v[0], dict) and "workload" in v[0]:
		print(".".join(path) + "=" + " ".join(x["workload"] for x in v))
		for x in v: walk(path + [x["workload"]], x)
	elif not isinstance(v, list) or not v:
		print(".".join(path) + "=" + str(v))
walk([], json.load(sys.stdin))' <"$1" >"$tmp/flat"
}
# ask KEY: its value. has KEY VALUE DESCRIPTION: it is that. least KEY NUMBER DESCRIPTION
ask() { awk -v key="$1=" 'index($0, key) == 1 { print substr($0, length(key) + 1) }' "$tmp/flat"; }
has() { is "$(ask "$1")" "$2" "$3"; }
# busy_disk KEY: other tasks waited for disks while it ran, and the kernel does not tell whose wait it was.
busy_disk() {
	[ "$(ask "$1.waits.disk_at_most")" = True ] && [ "$(ask "$1.metrics.io_some_ns")" -gt 20000000 ]
}
least() { ok "$3" test "$(ask "$1")" -ge "$2"; }

exits 0 'collect' "$pgoctl" collect --json
flat "$tmp/out"
slept='slept, or waited for something else than a processor or the disk' mostly=other
if busy_disk training.sleeper; then
	echo "the machine's disk is busy" | diag
	slept="($slept|waited for the disk up to)" mostly=$(ask training.sleeper.waits.mostly)
fi
like "$err" "^pgoctl: warning: workload 'sleeper' $slept [0-9]+ % of its" 'what sleeps is told'
like "$err" 'sleeper.*PGO will not help it much, as it shortens only the other [0-9]+ %; ' 'and what that means'
unlike "$err" "workload 'burner'" 'what computes is not'
has training 'sleeper burner writer daemon' 'all runs are in the JSON'
has training.sleeper.waits.mostly "$mostly" 'with what they waited for mostly'
has training.burner.waits.mostly None 'or that they did not'
least training.sleeper.metrics.wall_ns 200000000 'its wall time'
ok 'and that it took little of a processor' test "$(ask training.sleeper.metrics.cpu_ns)" -lt 100000000
least training.burner.metrics.cpu_ns 1000000000 'what computes took one'
has training.daemon.waits.share None 'of what lives on it is not known'
like "$(ask training.daemon.waits.why_not)" 'lives on' 'why'
unlike "$err" "workload 'daemon' (slept|waited)" 'and nothing is claimed'
like "$err" "workload 'daemon': 1 of its processes was killed or aborted," 'but that it was ended with its counts'
# The bytes are the kernel's own account of a process; none on a kernel without it.
if [ ! -e /proc/self/io ]; then
	has training.writer.metrics.written_bytes None 'bytes are not measured'
elif [ "$(stat -f -c %T .)" = tmpfs ]; then
	least training.writer.metrics.written_bytes 0 'nothing is written for a disk'
else
	least training.writer.metrics.written_bytes $((3 * 588890)) 'what is written for disks'
fi
for name in io memory; do
	if [ -r /proc/pressure/$name ]; then
		least training.burner.metrics.${name}_some_ns 0 "pressure of $name"
	else
		has training.burner.metrics.${name}_some_ns None "pressure of $name: not measured"
	fi
done
if [ "$(cat /proc/sys/kernel/task_delayacct 2>/dev/null)" = 1 ]; then
	least training.burner.metrics.disk_wait_ns 0 'the wait for disks is measured'
else
	has training.burner.metrics.disk_wait_ns None 'the kernel does not count the wait for disks'
fi
is "$(grep -c '"what":"training run.*"metrics":{"wall_ns"' .pgo/record.jsonl)" 4 'the record has it'
like "$(cat .pgo/train/sleeper/0/run.json)" '"wall_ns": [0-9]{9}' 'run.json, too'
first=$(ask training.sleeper.metrics.wall_ns)

exits 0 'again: nothing is run' "$pgoctl" collect --json
flat "$tmp/out"
like "$err" "warning: workload 'sleeper' $slept" 'it is told again'
has training.sleeper.metrics.wall_ns "$first" 'by what was kept'
sed -i '/"metrics"/,/^  },$/d' .pgo/train/sleeper/0/run.json
exits 0 'a run from before it was measured' "$pgoctl" collect --json
flat "$tmp/out"
has training 'burner writer daemon' 'is not told of'

# --- a validation says it before its first pair
gcc-12 -O1 a.c -o a || exit 1
run "$pgoctl" validate --pairs 6 --json --evidence ev.jsonl -a 'exec ./a nap' -b 'exec ./a nap'
ok 'validate' is_verdict "$status"
like "$err" "warning: workload 'command' slept, or waited" 'what sleeps is told'
flat "$tmp/out"
has waits command 'in the JSON, too'
has waits.command.stage warm-up 'by the warm-up'
has waits.command.waits.mostly other 'what it waited for mostly'
is "$(head -n 1 ev.jsonl | grep -c '"cpu_limit":[^,]*,"memory_limit":[^,]*,')" 1 \
	'the limits are in the head of the evidence'
is "$(sed 1d ev.jsonl | grep -c '"a":{.*"read_bytes":.*"io_some_ns":.*"b":{.*"oom_kills":')" \
	"$(sed 1d ev.jsonl | grep -c .)" 'and what was used and waited for in each pair'
exits "$status" 'a replay' "$pgoctl" validate --replay ev.jsonl --json
like "$out" '"waits": \[\]' 'runs nothing, and says nothing of it'
done_testing
