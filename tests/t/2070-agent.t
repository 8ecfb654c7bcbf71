#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The agent, with real compilers: each way for a process to begin, to become another program and to
# end, and the calls of one function that the profile has then; beside it what the profile runtimes
# make of the same without it.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$srcdir/tests/lib/driver.sh"

need clang-14 clang-19 clang-22 gcc-12
agent=$builddir/pgoctl-agent.so
unset LD_PRELOAD ASAN_OPTIONS

cat >f.c <<'X'
int f(int x)
{
	return x % 3 ? x : -x;
}
X
cat >plugin.c <<'X'
int f(int);
int plugin(int n) { int s = 0; for (int i = 0; i < n; i++) s += f(i); return s; }
X
cat >main.c <<'X'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
int f(int);
static volatile int sink;
static void burn(int n) { for (int i = 0; i < n; i++) sink += f(i); }
static void burn_one(void) { burn(1); }
static char *self;

static void fork_and(int mode)
{
	burn(100);
	for (int i = 0; i < 3; i++) {
		if (fork())
			continue;
		burn(10);
		if (mode == 1)
			_exit(0);
		if (mode == 2)
			execl(self, self, "work", (char *)0);
		exit(0);
	}
	while (wait(0) > 0) { }
	burn(1);
}

/* Each member of the family becomes the next. */
static void chain(int n)
{
	char next[16];
	char *args[] = { self, "chain", next, 0 };

	burn(10);
	snprintf(next, sizeof(next), "%d", n + 1);
	switch (n) {
	case 0: execl(self, self, "chain", next, (char *)0); break;
	case 1: execle(self, self, "chain", next, (char *)0, environ); break;
	case 2: execlp(self, self, "chain", next, (char *)0); break;
	case 3: execv(self, args); break;
	case 4: execve(self, args, environ); break;
	case 5: execvp(self, args); break;
	case 6: execvpe(self, args, environ); break;
	case 7: fexecve(open(self, O_RDONLY), args, environ); break;
	case 8: execveat(AT_FDCWD, self, args, environ, 0); break;
	}
}

static void vfork_and(int fails)
{
	char *args[] = { self, "work", 0 };

	burn(10);
	if (!vfork()) {
		burn(1);
		execv(fails ? "/nonexistent" : self, args);
		burn(1);
		_exit(1);
	}
	while (wait(0) > 0) { }
	burn(1);
}

static void *thread(void *arg)
{
	burn(1000);
	return arg;
}

/* Forks in their midst. */
static void threads(void)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], 0, thread, 0);
	for (int i = 0; i < 3; i++)
		if (!fork()) {
			burn(10);
			_exit(0);
		}
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], 0);
	while (wait(0) > 0) { }
}

static void plugins(void)
{
	for (int i = 0; i < 2; i++) {
		void *lib = dlopen(getenv("PLUGIN"), RTLD_NOW);
		int (*plugin)(int);

		if (!lib)
			exit(3);
		plugin = (int (*)(int))dlsym(lib, "plugin");
		sink += plugin(100);
		if (!fork()) {
			sink += plugin(10);
			_exit(0);
		}
		wait(0);
		if (i)
			_exit(0);
		dlclose(lib);
	}
}

static int in_clone(void *arg)
{
	(void)arg;
	burn(10);
	exit(0);
}

static void cloned(void)
{
	static char stack[1 << 16] __attribute__((aligned(16)));

	burn(100);
	if (clone(in_clone, stack + sizeof(stack), SIGCHLD, 0) < 0)
		exit(3);
	wait(0);
}

__attribute__((destructor)) static void last(void)
{
	const char *what = getenv("LAST");

	if (what && !strcmp(what, "count"))
		burn(1);
	if (what && !strcmp(what, "_exit"))
		_exit(0);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "work";
	pid_t pid;

	self = argv[0];
	if (!strcmp(mode, "work")) burn(10);
	if (!strcmp(mode, "fork")) fork_and(0);
	if (!strcmp(mode, "fork_exit")) fork_and(1);
	if (!strcmp(mode, "fork_exec")) fork_and(2);
	if (!strcmp(mode, "chain")) chain(argc > 2 ? atoi(argv[2]) : 0);
	if (!strcmp(mode, "exec_fails")) {
		burn(10);
		execl("/nonexistent", "x", (char *)0);
		burn(1);
	}
	if (!strcmp(mode, "vfork_exec")) vfork_and(0);
	if (!strcmp(mode, "vfork_fails")) vfork_and(1);
	if (!strcmp(mode, "spawn")) {
		char *args[] = { self, "work", 0 };
		burn(10);
		posix_spawn(&pid, self, 0, 0, args, environ);
		wait(0);
		burn(1);
	}
	if (!strcmp(mode, "_exit")) { burn(10); _exit(0); }
	if (!strcmp(mode, "_Exit")) { burn(10); _Exit(0); }
	if (!strcmp(mode, "quick_exit")) { at_quick_exit(burn_one); burn(10); quick_exit(0); }
	if (!strcmp(mode, "daemon")) { burn(10); if (daemon(1, 1)) return 3; burn(5); }
	if (!strcmp(mode, "threads")) threads();
	if (!strcmp(mode, "plugin")) plugins();
	if (!strcmp(mode, "clone")) cloned();
	if (!strcmp(mode, "chdir")) { burn(10); if (chdir("/")) return 3; _exit(0); }
	return 0;
}
X

# counted COMMAND...: the calls of f in a run of it. A daemon holds the pipe.
counted() {
	rm -rf "$tmp/raw"
	"$tool" train "${cc%-*}" "$tmp/raw" "$@" 2>&1 | cat >"$tmp/run.log"
	calls_of_f
}

# counts MODE WANT PLAIN: with the agent, and without, where the runtimes of one family agree.
counts() {
	is "$(TEST_AGENT=$agent counted ./p "$1")" "$2" "$cc: $1"
	case $cc in
	*-19 | *-14) ;;
	*) is "$(TEST_AGENT='' counted ./p "$1")" "$3" "$cc: $1, without the agent" ;;
	esac
}

for cc in $(ends clang-14 clang-19 clang-22) gcc-12; do
	major=${cc#*-}
	TEST_UPDATE=atomic stage "$cc" instrumented
	build sh -ec 'cc -O2 -fno-inline -c main.c f.c
		cc main.o f.o -o p -ldl -pthread
		cc -O2 -fPIC -shared plugin.c f.c -o plugin.so' >build.log 2>&1 || { diag <build.log; exit 1; }
	clang=$(case $cc in clang*) echo 1 ;; *) echo 0 ;; esac)
	counts work 10 10
	counts fork 131 $((131 + clang * 300))
	counts fork_exit 131 101
	counts fork_exec 161 $((161 - clang * 30))
	counts chain 100 $((10 + (1 - clang) * 60))
	counts exec_fails 11 11
	counts vfork_exec 22 $((21 + clang))
	counts vfork_fails 13 13
	counts spawn 21 21
	counts _exit 10 0
	counts _Exit 10 0
	counts quick_exit 11 0
	counts daemon 15 15
	counts threads 4030 4000
	counts clone 110 210
	counts chdir 10 0
	PLUGIN=$PWD/plugin.so counts plugin 220 100
	is "$(LAST=count TEST_AGENT=$agent counted ./p work)" 11 "$cc: what a destructor counts"
	is "$(LAST=_exit TEST_AGENT=$agent counted ./p work)" 10 "$cc: _exit in a destructor counts nothing again"

	rm -rf "$tmp/raw"
	for i in 1 2 3 4 5 6; do
		TEST_AGENT=$agent "$tool" train "${cc%-*}" "$tmp/raw" ./p fork_exec &
	done
	wait
	is "$(calls_of_f)" 966 "$cc: 6 at once that fork and exec"
done

# --- LLVM: addresses of called functions are those of one program in memory
cat >ic.c <<'X'
#include <stdlib.h>
#include <unistd.h>
static int one(int x) { return x + 1; }
static int two(int x) { return x + 2; }
__attribute__((noinline)) int call(int (*p)(int), int x) { return p(x); }
int main(int argc, char **argv)
{
	char *args[] = { argv[0], argv[1] + 1, 0 };
	int (*volatile p)(int) = argc > 1 && argv[1][0] == 'a' ? one : two;
	volatile int s = 0;

	for (int i = 0; i < 10; i++)
		s += call(p, i);
	if (argc > 1 && argv[1][0])
		execv(argv[0], args);
	return 0;
}
X
for cc in clang-14 clang-22; do
	major=${cc#*-}
	TEST_UPDATE=atomic stage "$cc" instrumented
	build sh -ec 'cc -O2 -fPIE -pie ic.c -o ic'
	rm -rf "$tmp/raw"
	TEST_AGENT=$agent "$tool" train clang "$tmp/raw" ./ic aaab
	"llvm-profdata-$major" merge "$tmp"/raw/*.profraw -o "$tmp/p.profdata"
	is "$("llvm-profdata-$major" show --ic-targets --function=call "$tmp/p.profdata" |
		sed -n 's/.*\[ *0, *\([^,]*\), *\([0-9]*\).*/\1 \2/p' | sed 's/.*[:;]//' | tr '\n' ' ')" \
		"one 30 two 20 " "$cc: targets of calls survive exec"
done

# --- rustc, which has the linker collect garbage
rustc=$(command -v rustc)
major=$("${rustc:-false}" -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
cat >m.rs <<'X'
use std::os::unix::process::CommandExt;
#[no_mangle]
#[inline(never)]
pub fn f(x: i64) -> i64 { if x % 3 != 0 { x } else { -x } }
fn main() {
    let mut s = 0;
    for i in 0..std::hint::black_box(10) { s += f(i); }
    std::hint::black_box(s);
    let args: Vec<String> = std::env::args().collect();
    if args.len() > 1 {
        std::process::Command::new(&args[0]).args(&args[2..]).exec();
    }
}
X
if [ -n "$rustc" ] && have "llvm-profdata-$major" && "$rustc" -O -Cprofile-generate m.rs -o rs 2>/dev/null; then
	cc=clang-$major
	is "$(TEST_AGENT=$agent counted ./rs a b c)" 40 "rustc: exec"
	is "$(TEST_AGENT='' counted ./rs a b c)" 10 "rustc: exec, without the agent"
else
	skip 2 "no rustc that can instrument"
fi

# --- links that leave something out, and what cannot be helped
cc=clang-22 major=22
TEST_UPDATE=atomic stage "$cc" instrumented
build sh -ec 'cc -O2 -ffunction-sections -fno-inline -c main.c f.c
	cc -fuse-ld=lld -Wl,--gc-sections main.o f.o -o p -ldl -pthread
	cc -static main.o f.o -o static -ldl -pthread' >build.log 2>&1
unlike "$(nm p)" __llvm_profile_reset_counters "a linker that collects garbage takes the runtime's reset"
counts fork 131 431
counts chain 100 10
counts _exit 10 0
strip -o stripped p
is "$(TEST_AGENT=$agent counted ./stripped fork)" 131 "stripped: a fork counts once"
is "$(TEST_AGENT=$agent counted ./stripped _exit)" 0 "but _exit loses"
is "$(TEST_AGENT=$agent counted ./static fork)" 431 "static: as without the agent"
is "$(cat "$tmp/run.log")" "" "and nothing is printed"

# --- programs that are not instrumented
rm -rf "$tmp/raw"
clang-22 -O2 main.c f.c -o plain -ldl -pthread 2>/dev/null
for mode in fork_exec chain vfork_exec daemon threads quick_exit clone; do
	TEST_AGENT=$agent "$tool" train clang "$tmp/raw" ./plain "$mode" || echo "$mode failed"
done >"$tmp/run.log" 2>&1
is "$(cat "$tmp/run.log")" "" "not instrumented: all runs as ever"
nok "and leaves nothing" test -e "$tmp/raw"
is "$(TEST_AGENT=$agent "$tool" train clang "$tmp/raw" sh -c 'echo a | (cat; exit 3); echo $?')" "a
3" "a shell, too"

# --- the user's own
cat >own.c <<'X'
#include <unistd.h>
__attribute__((constructor)) static void start(void)
{
	if (write(1, "own\n", 4) != 4)
		_exit(9);
}
X
gcc-12 -shared -fPIC own.c -o own.so
run env LD_PRELOAD="$PWD/own.so" TEST_AGENT="$agent" "$tool" train clang "$tmp/raw" ./p _exit
like "$out" '^own$' "what is preloaded already stays"
is "$(calls_of_f)" 10 "beside the agent"
cp "$agent" 'a b.so'
nok "a path that LD_PRELOAD cannot hold is refused" env TEST_AGENT="$PWD/a b.so" \
	"$tool" train clang "$tmp/raw" ./p work

done_testing
