#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs into which the loader does not put the agent (static, setgid): what is said of them by
# snapshot and by collect, and that what is said to help does. musl's loader does.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 gcc-12 musl-gcc jq
agent=$builddir/pgoctl-agent.so
unset LD_PRELOAD
# A loader that was told of other rights shows its user nothing.
gives_rights() {
	echo 'int main(void) { return 0; }' >rights.c && gcc-12 rights.c -o rights && chgrp nogroup rights &&
		chmod 2755 rights && ! LD_SHOW_AUXV=1 ./rights | grep -q AT_SECURE
}
gives_rights || skip_all 'no program can be given the rights of another group here'

mkdir project && cd project || exit 1
cat >a.c <<'X'
#include <fcntl.h>
#include <unistd.h>
static volatile int sink;
__attribute__((noinline)) int f(int x) { return x % 3 ? x : -x; }
__attribute__((noinline)) int serving(int x) { return x % 5 ? x : -x; }
int main(int argc, char **argv)
{
	for (int i = 0; i < 100 && argc; i++)
		sink += f(i);
	close(open(argv[1], O_CREAT | O_WRONLY, 0600));
	for (;;) {
		sink += serving(1);
		usleep(1000);
	}
}
X
cat >pgo.yaml <<X
version: 1
toolchain: {cc: clang-22}
build:
  command: |
    \$CC -O1 \${STATIC:+-static} a.c -o a
    cp a "$tmp/setgid" && chgrp nogroup "$tmp/setgid" && chmod 2755 "$tmp/setgid"
  artifacts: [a]
workloads:
  - {name: unused, run: 'false', use: train}
X
clang-22 -O1 -fprofile-generate a.c -o dynamic && clang-22 -O1 -fprofile-generate -static a.c -o static &&
	musl-gcc -O1 -fprofile-generate -Wl,-u,__gcov_dump_int,-u,__gcov_reset_int a.c -o musl &&
	clang-22 -O1 a.c -o plain && clang-22 -O1 -static a.c -o plain-static && cp dynamic setgid && chgrp nogroup setgid &&
	chmod 2755 setgid && strip -o stripped dynamic || { echo 'Bail out! cannot build'; exit 1; }

# start PROGRAM: pid is its number
start() {
	rm -f ready
	LD_PRELOAD=$agent LLVM_PROFILE_FILE=$PWD/%p.profraw "./$1" "$PWD/ready" &
	pid=$!
	n=0
	while [ ! -e ready ] && [ $n -lt 400 ]; do n=$((n + 1)); sleep 0.05; done
}
stop() { kill -KILL "$pid"; wait "$pid" 2>/dev/null; }

# refused PROGRAM WHAT REMEDY
refused() {
	start "$1"
	exits 6 "$1: a snapshot" "$pgoctl" snapshot $pid
	like "$err" "process $pid was not run with pgoctl's agent" 'is refused'
	like "$err" "hint: process $pid \($1\) is $2: $3" 'with the reason, and what does work'
	stop
}
refused static static 'link it dynamically in the instrumented build, or, .* --continuous'
refused setgid 'setuid or setgid, or has capabilities' 'train a copy without that, .* --continuous'
for program in plain plain-static; do
	start $program
	exits 6 "what is not instrumented: $program" "$pgoctl" snapshot $pid
	unlike "$err" ' is (static|setuid|stripped|for)' 'has no such reason'
	stop
done
start musl
exits 0 'one of musl' "$pgoctl" snapshot $pid
like "$out" "process $pid \(musl\): snapshot 1 is written" 'is asked like any other'
stop

# Beside one that has the agent.
cat >both.sh <<'X'
./static "$1" &
exec ./dynamic "$1.own"
X
LD_PRELOAD=$agent sh both.sh "$PWD/ready" &
pid=$!
n=0
while { [ ! -e ready ] || [ ! -e ready.own ]; } && [ $n -lt 400 ]; do n=$((n + 1)); sleep 0.05; done
exits 0 'one that cannot, below one that can' "$pgoctl" snapshot --tree $pid
like "$out" "process $pid \(dynamic\): snapshot 1 is written" 'the one is asked'
like "$out" "process [0-9]+ \(static\) is static: link it" 'and of the other it is said why not'
run "$pgoctl" snapshot --tree --json $pid
is "$(printf '%s\n' "$out" | jq -c '.hindered | map([.command, .is])')" '[["static","static"]]' 'in the JSON, too'
read -r child <"/proc/$pid/task/$pid/children"
kill -KILL "$child"
stop

# collect of servers
serve() {
	run "$pgoctl" collect --force -o "$tmp/out.prof" --ready "test -e '$tmp/up'" --drive : "$@"
	rm -f "$tmp/up"
}
serve -- "$tmp/setgid" "$tmp/up"
like "$err" "pgoctl's agent is not in process [0-9]+ \(setgid\) of the server: it is setuid or setgid" 'collect: a setgid server'
like "$err" 'written when it ends by itself, or never: train a copy without that' 'is told of, with the alternative'
is "$(grep -c "agent is not in process" "$tmp/err")" 1 'once'
is "$status" 8 'it was killed and has no profile'
serve --continuous -- "$tmp/setgid" "$tmp/up"
is "$status" 0 'with --continuous' || diag <"$tmp/err"
like "$("$pgoctl" show "$tmp/out.prof" --function f)" 'entered 100[, ]' 'it keeps its counts'
unlike "$err" 'agent is not in' 'and nothing is said to be lost'
serve -- ./a "$tmp/up"
is "$status" 0 'the same without the bit'
unlike "$err" "agent is not in" 'has the agent'
STATIC=1 serve -- ./a "$tmp/up"
like "$err" "'a' is static: .*--continuous" 'a static one is told of before it runs'
like "$err" "agent is not in process [0-9]+ \(a\) of the server: it is static" 'and when it cannot be asked'
STATIC=1 serve --continuous -- ./a "$tmp/up"
is "$status" 0 'static, with --continuous'
like "$("$pgoctl" show "$tmp/out.prof" --function f)" 'entered 100[, ]' 'it keeps its counts'
unlike "$err" 'agent is not in' 'and nothing is said to be lost'

# A workload whose program is no artifact, and that leaves nothing.
printf '#include <unistd.h>\nint main(void) { _exit(0); }\n' >quick.c
cat >pgo-quick.yaml <<X
version: 1
toolchain: {cc: clang-22}
build:
  command: |
    \$CC -O1 quick.c -o quick
    cp quick "$tmp/quick" && chgrp nogroup "$tmp/quick" && chmod \$MODE "$tmp/quick"
  artifacts: [quick]
workloads:
  - {name: w, run: "'$tmp/quick'", use: train}
X
MODE=2755 exits 8 'collect: a setgid program that ends by _exit' "$pgoctl" collect -c pgo-quick.yaml
like "$err" "hint: '.*/quick' is setuid or setgid, or has capabilities: train a copy" 'is named, with the alternative'
MODE=755 exits 0 'without the bit' "$pgoctl" collect -c pgo-quick.yaml --force
done_testing
