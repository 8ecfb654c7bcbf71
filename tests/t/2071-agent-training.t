#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The agent in pgoctl's own training runs: counts of the merged profile, what is recorded, and what
# is said of programs that it cannot help.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need clang-22 gcc-12 llvm-profdata-22
unset LD_PRELOAD

cat >main.c <<'X'
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile int sink;
__attribute__((noinline)) int f(int x) { return x % 3 ? x : -x; }
static void burn(int n) { for (int i = 0; i < n; i++) sink += f(i); }
int main(int argc, char **argv)
{
	burn(100);
	if (argc > 1)
		execl(argv[0], argv[0], (char *)0);
	if (!fork()) {
		burn(10);
		_exit(0);
	}
	wait(0);
	return 0;
}
X
conf() {	# compiler link-options strip-command
	cat >pgo.yaml <<Y
version: 1
toolchain: {cc: $1}
build:
  command: '"\$CC" -O2 -fno-inline main.c $2 -o p${3:+ && $3 p}'
  artifacts: [p]
workloads:
  - name: w
    run: '"\$PGO_OUT/p" again'
Y
}
# The calls of f in the merged profile.
clang_calls() {
	"$pgoctl" convert merged.prof --to profdata -o p.profdata &&
		llvm-profdata-22 merge --text p.profdata -o - | awk '
			want == 2 { print; want = 0 }
			/^f$/ { want = 1 } want && /^# Counter Values/ { want = 2 }'
}

conf clang-22
exits 0 "clang: collect" "$pgoctl" collect
unlike "$err" warning "without a warning"
is "$(clang_calls)" 210 "clang: each call once: before exec, after it, and of the fork"
like "$(grep '"what":"training' .pgo/record.jsonl)" '"LD_PRELOAD":"[^"]*/pgoctl-agent\.so"' "the record names the agent"
like "$("$pgoctl" run -n)" "export LD_PRELOAD=.*pgoctl-agent" "as does the plan"
unlike "$(grep '"what":"build' .pgo/record.jsonl)" 'pgoctl-agent' "builds run without it"
ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD=libm.so.6 "$pgoctl" collect -f >/dev/null 2>&1
like "$(grep '"what":"training' .pgo/record.jsonl | tail -n 1)" '"LD_PRELOAD":"libm\.so\.6:/[^"]*/pgoctl-agent\.so"' "behind the user's own"

# A process that is killed takes its counts with it: told, and mended by --every, which runs it again.
cp main.c kept.c
sed -i 's/_exit(0);/for (;;) pause();/; s/wait(0);/sleep(getenv("PGOCTL_AGENT_EVERY_MS") ? 3 : 1); kill(pid, SIGKILL); wait(0);/; s/if (!fork())/pid_t pid = fork(); if (!pid)/' main.c
sed -i 's/#include <stdlib.h>/#include <signal.h>\n&/' main.c
for cc in clang-22 gcc-12; do
	conf $cc
	exits 0 "$cc, killed: collect" "$pgoctl" collect
	like "$err" "workload 'w': 1 of its processes was killed or aborted, or could not write: what it counted is lost" "is told"
	exits 0 "$cc, killed: again" "$pgoctl" collect
	like "$err" "1 of its processes was killed or aborted," "of what is kept, too"
	exits 0 "$cc, killed: with --every" "$pgoctl" collect --every 100ms
	like "$err" "what it counted since the counters were last saved is lost$" "which is less"
	[ $cc = gcc-12 ] || is "$(clang_calls)" 210 "$cc: nothing, here"
done
mv kept.c main.c

conf clang-22 -static
exits 0 "static: collect" "$pgoctl" collect
is "$(grep -c "'p' is static: .*dynamically" "$tmp/err")" 1 "static: said, with the alternative, once"
is "$(clang_calls)" 100 "static: what the runtime does by itself"
conf clang-22 "" strip
exits 0 "stripped: collect" "$pgoctl" collect
is "$(grep -c "'p' is stripped: .*symbols" "$tmp/err")" 1 "stripped: said"

mkdir "$tmp/lib"
for file in "$builddir"/pgoctl-cc "$builddir"/llvm-22.so; do ln -s "$file" "$tmp/lib"; done
conf clang-22
PGOCTL_LIBDIR=$tmp/lib exits 0 "no agent: collect" "$pgoctl" collect -f
like "$err" "no '.*/pgoctl-agent.so'" "no agent: said"
mkdir "$tmp/a b"
for file in "$builddir"/pgoctl-cc "$builddir"/*.so; do ln -s "$file" "$tmp/a b"; done
PGOCTL_LIBDIR="$tmp/a b" exits 0 "a blank in its path: collect" "$pgoctl" collect -f
like "$err" "LD_PRELOAD cannot hold the path" "a blank in its path: said"

conf gcc-12
exits 0 "gcc: collect" "$pgoctl" collect
"$pgoctl" convert merged.prof --to gcda -o g.d
cp g.d/*.gcda x.gcda
like "$(gcov-dump-12 -l x.gcda 2>/dev/null | grep -A1 'COUNTERS arcs')" " 0: 210 " "gcc: each call once"

done_testing
