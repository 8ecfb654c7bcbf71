#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Snapshots of programs that go on running: pgoctl snapshot, and collect --every.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 gcc-12 llvm-profdata-22
agent=$builddir/pgoctl-agent.so
unset LD_PRELOAD

cat >a.c <<'X'
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
static volatile int sink;
__attribute__((noinline)) int f(int x) { return x % 3 ? x : -x; }
static const char *ready;
/* It says that it has, each time. */
static void burn(int sig)
{
	(void)sig;
	for (int i = 0; i < 100; i++)
		sink += f(i);
	close(open(ready, O_CREAT | O_WRONLY, 0600));
}
/* Of two processes it is the second that says so. */
int main(int argc, char **argv)
{
	signal(SIGUSR1, burn);
	ready = argv[1];
	if (argc < 3 || !fork())
		burn(0);
	for (;;)
		pause();
}
X
clang-22 -O1 -fprofile-generate a.c -o clang && gcc-12 -O1 -fprofile-generate a.c -o gcc && gcc-12 a.c -o plain ||
	{ echo 'Bail out! cannot build'; exit 1; }

until_ready() {
	n=0
	while [ ! -e ready ] && [ $n -lt 400 ]; do n=$((n + 1)); sleep 0.05; done
}
# start PROGRAM [forks]: pid is its number
start() {
	rm -f ready
	LD_PRELOAD=$agent LLVM_PROFILE_FILE=$PWD/${file:-%p-%m}.profraw "./$1" "$PWD/ready" ${2:+"$2"} &
	pid=$!
	until_ready
}
stop() { kill -KILL "$pid"; wait "$pid" 2>/dev/null; }

# With %m in its name a profile is added to, without it the runtime puts one behind the other: f is
# called 100 times by main, and as often by the handler.
calls() {
	llvm-profdata-22 merge -o calls.profdata ./*.profraw &&
		llvm-profdata-22 show --function=f --counts calls.profdata |
		sed -n 's/^Maximum function count: //p'
}
for file in %p-%m %p; do
	start clang
	"$pgoctl" snapshot $pid >/dev/null
	once=$(calls)
	rm ready
	kill -USR1 $pid
	until_ready
	"$pgoctl" snapshot $pid >/dev/null
	"$pgoctl" snapshot $pid >/dev/null
	is "$(calls)" $((2 * once)) "$file: all that was counted, once"
	stop
	rm -f ./*.profraw
done
file=
start clang
exits 0 'a snapshot' "$pgoctl" snapshot $pid
like "$out" "^process $pid \(clang\): snapshot 1 is written$" 'is told'
first=$("$pgoctl" show $pid-*.profraw | sed -n 's/^counts *//p')
run "$pgoctl" snapshot $pid --json
like "$out" '"snapshots": 2' 'a second one, as JSON'
is "$("$pgoctl" show $pid-*.profraw | sed -n 's/^counts *//p')" "$first" 'counts nothing twice'
stop
ok 'a kill loses nothing that was written' llvm-profdata-22 show $pid-*.profraw

start clang forks
run "$pgoctl" snapshot $pid
is "$(printf '%s\n' "$out" | grep -c 'is written')" 1 'the process alone'
run "$pgoctl" snapshot --tree $pid
is "$(printf '%s\n' "$out" | grep -c 'is written')" 2 'and the one that it has started'
read -r child <"/proc/$pid/task/$pid/children"
kill -KILL "$child"
stop

start gcc
exits 6 'one of GCC that has no function for it' "$pgoctl" snapshot $pid
like "$err" 'could not write all of its profile' 'says so'
like "$err" 'hint: .*-Wl,-u,__gcov_dump_int' 'and how to mend it'
stop
gcc-12 -O1 -fprofile-generate -Wl,-u,__gcov_dump_int,-u,__gcov_reset_int a.c -o gcc
start gcc
exits 0 'one of GCC' "$pgoctl" snapshot $pid
ok 'leaves its .gcda' test -s gcc-a.gcda
stop

start plain
exits 6 'a program that is not instrumented' "$pgoctl" snapshot $pid
like "$err" "process $pid was not run with pgoctl's agent" 'is named'
like "$err" 'hint: pgoctl collect starts instrumented programs with it' 'with what to do'
stop
exits 2 'no such process' "$pgoctl" snapshot $pid
like "$err" "there is no process $pid" 'is said'
for bad in 0 -1 x 99999999999; do
	exits 2 "no number: $bad" "$pgoctl" snapshot -- $bad
done
exits 2 'no operand' "$pgoctl" snapshot

start clang
kill -STOP "$(basename "$(grep -l '^pgoctl-' "/proc/$pid"/task/*/comm | xargs dirname)")"
exits 8 'a process that does not answer' "$pgoctl" snapshot --timeout 200ms $pid
like "$err" "process $pid \(clang\) has not written in time" 'is named'
kill -CONT "$pid"
stop

# collect --every: what is killed keeps what it has counted.
mkdir project && cp a.c project/
cat >project/pgo.yaml <<'X'
version: 1
toolchain: {cc: clang-22}
build: {command: "$CC -O1 a.c -o a", artifacts: [a]}
workloads:
  - name: killed
    run: |
      "$PGO_OUT/a" "$PGO_TMP/ready" & pid=$!
      n=0
      while [ ! -e "$PGO_TMP/ready" ] && [ $n -lt 400 ]; do n=$((n + 1)); sleep 0.05; done
      written() { grep -sho 'pgoctl-[0-9]*' /proc/$pid/task/*/comm | tr -dc 0-9; }
      last=$(($(written) + 1))
      while [ "$(written)" -le $last ] && [ $n -lt 400 ]; do n=$((n + 1)); sleep 0.05; done
      kill -KILL $pid
      wait $pid || true
X
cd project || exit 1
exits 0 'a workload that is killed, with --every' "$pgoctl" collect --every 20ms
like "$("$pgoctl" show merged.prof --function f)" '100' 'has its counts'
sed -i 's/ && \[ \$n -lt 400 \]/ \&\& [ $n -lt 4 ]/' pgo.yaml
exits 8 'without it' "$pgoctl" collect --force
like "$err" 'killed.*no profile|no profile.*killed' 'it leaves no profile, which is said'
exits 2 'not for recordings' "$pgoctl" collect --sample --every 1s
done_testing
