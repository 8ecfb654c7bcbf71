#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The agent, with real compilers: every kind of program by every ending, and what the profile has then
# of the calls of one function. With PGO_TESTS_LONG=1 of every compiler, and beside it what their own
# runtimes keep without the agent.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$srcdir/tests/lib/driver.sh"

need clang-14 clang-19 clang-22 gcc-12
unset LD_PRELOAD

cat >f.c <<'X'
int f(int x)
{
	return x % 3 ? x : -x;
}
X
cat >lib.c <<'X'
int f(int);
int lib(int n) { int s = 0; for (int i = 0; i < n; i++) s += f(i); return s; }
X
cat >main.c <<'X'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int f(int);
int lib(int);
static volatile int sink, stop;
static pthread_barrier_t counted;
static pid_t children[2];
static void burn(int n) { for (int i = 0; i < n; i++) sink += f(i); }

static void stopped(int sig) { stop = sig; }
static void *work(void *arg) { burn(1000); pthread_barrier_wait(&counted); for (;;) pause(); return arg; }

static void make_pipe(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC))
		exit(3);
}

static void forks(void)
{
	int fds[2];
	char c;

	make_pipe(fds);
	for (int i = 0; i < 2; i++) {
		children[i] = fork();
		if (!children[i]) {
			burn(10);
			if (write(fds[1], "", 1) != 1)
				_exit(3);
			for (;;)
				pause();
		}
	}
	for (int i = 0; i < 2; i++)
		if (read(fds[0], &c, 1) != 1)
			exit(3);
}

static void threads(void)
{
	pthread_t t;

	pthread_barrier_init(&counted, 0, 4);
	for (int i = 0; i < 3; i++)
		pthread_create(&t, 0, work, 0);
	pthread_barrier_wait(&counted);
}

/* The pipe's other end is closed when the daemon is ready, or at its end, after an exec, too. */
static int daemonize(void)
{
	int fds[2];
	char c;

	if (pipe(fds)) exit(3);
	if (fork()) {
		close(fds[1]);
		_exit(read(fds[0], &c, 1) ? 3 : 0);
	}
	close(fds[0]);
	setsid();
	burn(10);
	return fds[1];
}

int main(int argc, char **argv)
{
	const char *kind = argv[1], *end = argc > 2 ? argv[2] : "";
	char *next[] = { argv[0], "single", "exit", 0 };
	int said = -1;
	FILE *ready;

	burn(10);
	signal(SIGINT, SIG_DFL); /* a shell has it ignored in the background */
	if (!strcmp(kind, "forking")) forks();
	if (!strcmp(kind, "threads")) threads();
	if (!strcmp(kind, "DSO")) sink += lib(10);
	if (!strcmp(kind, "handler")) signal(SIGTERM, stopped);
	if (!strcmp(kind, "daemon")) said = daemonize();
	for (int i = 0; *end && children[1] && i < 2; i++) {
		kill(children[i], SIGTERM);
		waitpid(children[i], 0, 0);
	}
	if (!strcmp(end, "exit")) return 0;
	if (!strcmp(end, "quick_exit")) quick_exit(0);
	if (!strcmp(end, "_exit")) _exit(0);
	if (!strcmp(end, "abort")) abort();
	if (!strcmp(end, "exec")) execv(argv[0], next);
	ready = fopen(getenv("READY"), "w");
	if (!ready || fprintf(ready, "%d\n", getpid()) < 0 || fclose(ready))
		return 3;
	close(said);
	while (!stop)
		pause();
	burn(1);
	return 0;
}
X

READY=$tmp/ready
export READY LD_LIBRARY_PATH="$PWD"
alive() { ps -o stat= -p "$1" 2>/dev/null | grep -qv '^Z'; }
# await COMMAND: until it fails, half a minute at most.
await() {
	await_nr=0
	while "$@" && [ "$await_nr" -lt 1500 ]; do
		sleep 0.02
		await_nr=$((await_nr + 1))
	done
}
starts() { [ ! -s "$READY" ] && kill -0 "$pid" 2>/dev/null; }
in_group() { pgrep -g "$pid" >/dev/null; }

# measure KIND ENDING AGENT: got is the status and the calls.
measure() {
	program=./p
	case $1 in static | stripped) program=./$1 ;; esac
	rm -rf "$tmp/raw" "$READY"
	case $2 in
	[A-Z]*) set -- "$1" "$2" "$3" ;;
	*) set -- "$1" "$2" "$3" "$2" ;;
	esac
	TEST_AGENT=$3 setsid "$tool" train "${cc%-*}" "$tmp/raw" "$program" "$1" ${4+"$4"} \
		>"$tmp/run.log" 2>&1 &
	pid=$!
	if [ $# -eq 3 ]; then
		await starts
		case $1 in
		daemon) kill "-$2" "$(cat "$READY")" ;;
		*) kill "-$2" "-$pid" ;;
		esac
	fi
	wait "$pid" 2>/dev/null
	got=$?
	await in_group
	[ ! -s "$READY" ] || await alive "$(cat "$READY")"
	got="$got $(calls_of_f)"
}

# own KIND: the calls of its first process; others KIND: of those beside it, which end otherwise.
own() {
	case $1 in threads) echo 3010 ;; DSO) echo 20 ;; *) echo 10 ;; esac
}
others() {
	case $1:$2 in forking:KILL) echo 0 ;; forking:*) echo 20 ;; daemon:*) echo 10 ;; *) echo 0 ;; esac
}

# wanted KIND ENDING: with the agent.
wanted() {
	calls=$(others "$1" "$2")
	kept=yes
	case $1:$2 in
	*:abort) status=134 kept= ;;
	*:KILL) status=137 kept= ;;
	handler:TERM) status=0 calls=$((calls + 1)) ;;
	*:TERM) status=143 ;;
	*:INT) status=130 ;;
	*:exec) status=0 calls=$((calls + 10)) ;;
	*) status=0 ;;
	esac
	# No shared library is loaded into what is static, and the functions of Clang's runtime are
	# found by the symbols: each runtime is on its own then. GCC's writes before exec.
	case $cc:$1:$2 in
	*:exit | gcc*:static:exec | gcc*:stripped:*) ;;
	*:static:* | *:stripped:*) kept= ;;
	esac
	[ "$1" != daemon ] || status=0
	[ -z "$kept" ] || calls=$((calls + $(own "$1")))
	echo "$status $calls"
}

kinds='single forking threads DSO handler daemon static stripped'
endings='exit quick_exit _exit exec TERM INT KILL abort'
printf '%-9s %-9s' compiler kind >table
for ending in $endings; do printf ' %-12s' "$ending"; done >>table
echo >>table
compilers="clang-22 gcc-12"
long=${PGO_TESTS_LONG:-}
[ -z "$long" ] || compilers="clang-14 clang-19 clang-22 gcc-12"
for cc in $compilers; do
	major=${cc#*-}
	TEST_UPDATE=atomic stage "$cc" instrumented
	build sh -ec 'cc -O2 -fno-inline -c main.c f.c
		cc -O2 -fPIC -shared lib.c -o liblib.so
		cc main.o f.o -o p -L. -llib -pthread
		cc -O2 -c lib.c
		cc -static main.o f.o lib.o -o static -pthread
		strip -o stripped p' >build.log 2>&1 || { diag <build.log; exit 1; }
	for kind in $kinds; do
		printf '%-9s %-9s' "$cc" "$kind" >>table
		for ending in $endings; do
			measure "$kind" "$ending" "$builddir/pgoctl-agent.so"
			with=$got
			is "$with" "$(wanted "$kind" "$ending")" "$cc: $kind, $ending"
			[ -z "$long" ] || measure "$kind" "$ending" ''
			printf ' %-12s' "${with#* }${long:+ (${got#* })}" >>table
		done
		echo >>table
	done
done
echo "calls counted with the agent${long:+ (and by the runtime alone)}:" | diag
diag <table
done_testing
