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
		usleep(200000);
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
	for (double end = used() + (strcmp(what, "burn") ? 0.001 : 0.2); used() < end;)
		for (int i = 0; i < 100000; i++)
			sum += i;
	if (!strcmp(what, "daemon") && daemon(1, 0) == 0)
		sleep(1);
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
  - {name: daemon, run: '"$PGO_OUT/a" daemon; sleep 0.2', use: train}
X
ask() {	# FILE EXPRESSION
	python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
def of(name): return [w for w in d[key] if w["workload"] == name][0]
key = "training" if "training" in d else "waits"
print(eval(sys.argv[2]))' "$@"
}
exits 0 'collect' "$pgoctl" collect --json
cp "$tmp/out" "$tmp/collect.json"
like "$err" "^pgoctl: warning: workload 'sleeper' slept, or waited for something else than a processor or the disk [0-9]+ % of its" \
	'what sleeps is told'
like "$err" 'sleeper.*PGO will not help it much, as it shortens only the other [0-9]+ %; ' 'and what that means'
unlike "$err" "workload 'burner'" 'what computes is not'
is "$(ask "$tmp/collect.json" "[w['workload'] for w in d['training']]")" "['sleeper', 'burner', 'writer', 'daemon']" \
	'all runs are in the JSON'
is "$(ask "$tmp/collect.json" "of('sleeper')['waits']['mostly']")" other 'with what they waited for mostly'
is "$(ask "$tmp/collect.json" "of('burner')['waits']['mostly']")" None 'or that they did not'
is "$(ask "$tmp/collect.json" "of('sleeper')['metrics']['wall_ns'] >= 200e6 and of('sleeper')['metrics']['cpu_ns'] < 100e6")" \
	True 'its times'
is "$(ask "$tmp/collect.json" "of('daemon')['waits']['share']")" None 'of what lives on it is not known'
like "$(ask "$tmp/collect.json" "of('daemon')['waits']['why_not']")" 'lives on' 'why'
unlike "$err" "workload 'daemon'" 'and nothing is claimed'
# The bytes are the kernel's own account of a process; none on a kernel without it.
if [ -e /proc/self/io ]; then
	is "$(ask "$tmp/collect.json" "of('writer')['metrics']['written_bytes'] >= (0 if '$(stat -f -c %T .)' == 'tmpfs' else 3 * 588890)")" \
		True 'what is written for disks'
	is "$(ask "$tmp/collect.json" "of('burner')['metrics']['read_bytes'] is None")" False 'and read is measured'
else
	is "$(ask "$tmp/collect.json" "of('writer')['metrics']['written_bytes']")" None 'bytes are not measured'
	skip 1 'no account of bytes'
fi
for name in io memory; do
	if [ -r /proc/pressure/$name ]; then
		is "$(ask "$tmp/collect.json" "of('burner')['metrics']['${name}_some_ns'] is None")" False "pressure of $name"
	else
		is "$(ask "$tmp/collect.json" "of('burner')['metrics']['${name}_some_ns']")" None "pressure of $name: not measured"
	fi
done
is "$(cat /proc/sys/kernel/task_delayacct 2>/dev/null)" \
	"$(ask "$tmp/collect.json" "'1' if of('burner')['metrics']['disk_wait_ns'] is not None else '$(cat /proc/sys/kernel/task_delayacct 2>/dev/null)'")" \
	'the wait for disks is measured where the kernel counts it'
is "$(grep -c '"what":"training run.*"metrics":{"wall_ns"' .pgo/record.jsonl)" 4 'the record has it'
is "$(ask .pgo/train/sleeper/0/run.json "d['metrics']['wall_ns'] >= 200e6")" True 'run.json, too'

exits 0 'again: nothing is run' "$pgoctl" collect --json
like "$err" "warning: workload 'sleeper' slept" 'it is told again'
is "$(ask "$tmp/out" "of('sleeper')['metrics']['wall_ns']")" \
	"$(ask "$tmp/collect.json" "of('sleeper')['metrics']['wall_ns']")" 'by what was kept'
sed -i '/"metrics"/,/^  },$/d' .pgo/train/sleeper/0/run.json
exits 0 'a run from before it was measured' "$pgoctl" collect --json
is "$(ask "$tmp/out" "[w['workload'] for w in d['training']]")" "['burner', 'writer', 'daemon']" 'is not told of'

# --- a validation says it before its first pair
run "$pgoctl" validate --pairs 6 --json --evidence ev.jsonl -a 'exec sleep 0.12' -b 'exec sleep 0.12'
ok 'validate' test "$status" -eq 0 -o "$status" -eq 3
like "$err" "warning: workload 'command' slept, or waited" 'what sleeps is told'
is "$(ask "$tmp/out" "[(w['workload'], w['stage'], w['waits']['mostly']) for w in d['waits']]")" \
	"[('command', 'warm-up', 'other')]" 'in the JSON, too'
is "$(head -n 1 ev.jsonl | grep -c '"cpu_limit":[^,]*,"memory_limit":[^,]*,')" 1 \
	'the limits are in the head of the evidence'
is "$(sed 1d ev.jsonl | grep -c '"a":{.*"read_bytes":.*"io_some_ns":.*"b":{.*"oom_kills":')" \
	"$(sed 1d ev.jsonl | grep -c .)" 'and what was used and waited for in each pair'
exits "$status" 'a replay' "$pgoctl" validate --replay ev.jsonl --json
is "$(ask "$tmp/out" "d['waits']")" '[]' 'runs nothing, and says nothing of it'
done_testing
