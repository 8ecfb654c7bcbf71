#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The agent, with real compilers: what programs do with signals, and the calls of one function that the
# profile has then; snapshots of what goes on; beside it the runtimes without it. 2073 has the table
# of kinds and endings.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$srcdir/tests/lib/driver.sh"

need clang-14 clang-19 clang-22 gcc-12
agent=$builddir/pgoctl-agent.so
unset LD_PRELOAD

cat >f.c <<'X'
int f(int x)
{
	return x % 3 ? x : -x;
}
X
cat >main.c <<'X'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int f(int);
static volatile int sink, stop;
static void burn(int n) { for (int i = 0; i < n; i++) sink += f(i); }

static void ready(void) { close(open(getenv("READY"), O_CREAT | O_WRONLY, 0600)); }
static void stopped(int sig) { stop = sig; }
static void leave(int sig) { (void)sig; burn(1); _exit(0); }
static void again(int sig) { burn(1); signal(sig, SIG_DFL); raise(sig); }
static void more(int sig) { (void)sig; burn(5); ready(); }

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	sigset_t set;
	int sig;

	burn(10);
	signal(SIGINT, SIG_DFL); /* a shell has it ignored in the background */
	if (!strcmp(kind, "handler")) signal(SIGTERM, stopped);
	if (!strcmp(kind, "leave")) signal(SIGTERM, leave);
	if (!strcmp(kind, "again")) signal(SIGTERM, again);
	if (!strcmp(kind, "ignore")) { signal(SIGTERM, SIG_IGN); raise(SIGTERM); burn(1); return 0; }
	if (!strcmp(kind, "ask")) {
		struct sigaction old;

		if (sigaction(SIGTERM, 0, &old) || old.sa_handler != SIG_DFL ||
		    signal(SIGTERM, stopped) != SIG_DFL || signal(SIGTERM, SIG_DFL) != stopped)
			return 3;
	}
	if (!strcmp(kind, "more")) signal(SIGUSR1, more);
	if (!strcmp(kind, "sigwait")) {
		sigemptyset(&set);
		sigaddset(&set, SIGTERM);
		pthread_sigmask(SIG_BLOCK, &set, 0);
		ready();
		sigwait(&set, &sig);
		burn(1);
		return 0;
	}
	ready();
	if (!strcmp(kind, "malloc")) for (;;) free(malloc(1000 + sink % 7));
	while (!stop)
		pause();
	burn(1);
	return 0;
}
X
cat >snap.c <<'X'
#define _GNU_SOURCE
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static int number(const char *pid, const char *tid)
{
	char path[300], name[32] = "";
	FILE *f;
	int n = -1;

	snprintf(path, sizeof(path), "/proc/%s/task/%s/comm", pid, tid);
	f = fopen(path, "r");
	if (!f || !fgets(name, sizeof(name), f) || sscanf(name, "pgoctl-%d", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}
int main(int argc, char **argv)
{
	struct dirent *e;
	char path[64];
	DIR *dir;

	(void)argc;
	snprintf(path, sizeof(path), "/proc/%s/task", argv[1]);
	for (dir = opendir(path); dir && (e = readdir(dir));) {
		int n = number(argv[1], e->d_name);

		if (n < 0)
			continue;
		syscall(SYS_tgkill, atoi(argv[1]), atoi(e->d_name), SIGRTMAX - 5);
		for (int i = 0; i < 2000 && number(argv[1], e->d_name) == n; i++)
			usleep(5000);
		return number(argv[1], e->d_name) != n + 1;
	}
	return 2;
}
X
gcc-12 -O1 snap.c -o snap || exit 1

READY=$tmp/ready
export READY
# begin PROGRAM KIND: it runs in a group of its own, and is ready, or at its end.
begin() {
	rm -rf "$tmp/raw" "$READY"
	setsid env --default-signal=HUP "$tool" train "${cc%-*}" "$tmp/raw" "$@" >"$tmp/run.log" 2>&1 &
	pid=$!
	until_ready
}
until_ready() {
	tries=0
	while [ ! -e "$READY" ] && kill -0 "$pid" 2>/dev/null && [ $tries -lt 600 ]; do
		sleep 0.05
		tries=$((tries + 1))
	done
}
# ended SIGNAL: the whole group; got is the status and the calls.
ended() {
	test -z "$1" || kill "-$1" "-$pid"
	wait "$pid" 2>/dev/null
	got=$?
	got="$got $(calls_of_f)"
}
# row KIND SIGNAL WANT [PLAIN]: status and calls with the agent; without it for one of a family.
row() {
	kind=$1
	TEST_AGENT=$agent begin ./p "$1"
	ended "$2"
	is "$got" "$3" "$cc: $1, ${2:-by itself}"
	test -n "${4-}" || return 0
	case $cc in *-14 | *-19) return 0 ;; esac
	TEST_AGENT='' begin ./p "$1"
	ended "$2"
	is "$got" "$4" "$cc: $1, ${2:-by itself}, without the agent"
}

for cc in $(ends clang-14 clang-19 clang-22) gcc-12; do
	major=${cc#*-}
	TEST_UPDATE=atomic stage "$cc" instrumented
	build sh -ec 'cc -O2 -fno-inline -c main.c f.c; cc main.o f.o -o p -pthread' >build.log 2>&1 || { diag <build.log; exit 1; }
	row single HUP "129 10"
	row leave TERM "0 11" "0 0"
	row again TERM "143 11" "143 0"
	row ask TERM "143 10"
	row ignore "" "0 11"
	row sigwait TERM "0 11" "0 11"
	row malloc TERM "143 10" "143 0"
	kind='more'
	TEST_AGENT=$agent begin ./p more
	ok "$cc: a snapshot" ./snap "$pid"
	is "$(calls_of_f)" 10 "$cc: has what was counted"
	ok "$cc: another" ./snap "$pid"
	is "$(calls_of_f)" 10 "$cc: counts nothing twice"
	rm "$READY"
	kill -USR1 "$pid"
	until_ready
	ok "$cc: one more" ./snap "$pid"
	ended KILL
	is "$got" "137 15" "$cc: which SIGKILL does not take"
done

# --- by itself, from time to time
cc=clang-22 major=22 kind=single
TEST_UPDATE=atomic stage "$cc" instrumented
build sh -ec 'cc -O2 -fno-inline -c main.c f.c; cc main.o f.o -o p -pthread' >build.log 2>&1 || { diag <build.log; exit 1; }
PGOCTL_AGENT_EVERY_MS=50 TEST_AGENT=$agent begin ./p single
tries=0
while [ "$(calls_of_f)" != 10 ] && [ $tries -lt 100 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
ended KILL
is "$got" "137 10" "written every so often, once"

done_testing
