/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that writes when a signal asks for it: the runtimes allocate memory and lock, which a
 * handler must not. It holds no file; it sleeps until AGENT_WAKE is sent to it alone, and the
 * number of its snapshots stands in its name, for whoever asked to see (/proc/PID/task/TID/comm).
 */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "drivers/agent-wake.h"
#include "drivers/agent/agent.h"

/* How long a handler waits for the writing: it may itself keep the thread from it. */
#define PATIENCE_MS 3000
#define STACK_BYTES (512 * 1024)

static struct {
	_Atomic(pid_t) pid; /* whose it is, 0: there is none; a child of vfork has none */
	_Atomic(pid_t) tid; /* 0: it is about to begin, and will look for wishes first */
	atomic_int ending;  /* the signal to end by when all is written */
	atomic_int exiting; /* an _exit waits for the writing */
	atomic_int named;   /* by the one who made it: so the program's first line finds it named */
	atomic_bool saved;  /* and this says that it is done */
	unsigned nr_snapshots;
	long every_ms; /* 0: only when asked */
} helper;

/* What ends a program in passing: by a user, a script, a terminal that goes away. */
static const int endings[] = { SIGTERM, SIGINT, SIGHUP };
#define NR_ENDINGS (sizeof(endings) / sizeof(*endings))

static bool is_ending(int sig)
{
	for (size_t i = 0; i < NR_ENDINGS; i++)
		if (sig == endings[i])
			return true;
	return false;
}

/* After the wish was noted. */
static bool wake(void)
{
	const pid_t pid = getpid(), tid = atomic_load(&helper.tid);

	return pid == atomic_load(&helper.pid) &&
	       (!tid || !syscall(SYS_tgkill, pid, tid, AGENT_WAKE));
}

static void die(int sig)
{
	struct sigaction act = { .sa_handler = SIG_DFL };
	sigset_t set;

	agent_next_sigaction(sig, &act, NULL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), sig);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/*
 * Where SIG_DFL was. It returns only when the thread may be waiting for what this one holds; a
 * second signal, which may be one sent to the group as well, waits as long and then ends all.
 */
static void on_ending(int sig)
{
	const int saved = errno;
	const bool first = !atomic_exchange(&helper.ending, sig);

	if (first && !wake())
		die(sig);
	else
		poll(NULL, 0, PATIENCE_MS);
	if (!first)
		die(sig);
	errno = saved;
}

bool agent_ask_to_save(void)
{
	atomic_store(&helper.exiting, 1);
	if (!wake())
		return false;
	for (int ms = 0; ms < PATIENCE_MS && !atomic_load(&helper.saved); ms++)
		poll(NULL, 0, 1);
	return atomic_load(&helper.saved);
}

static void count_snapshot(bool all)
{
	char name[16];

	snprintf(name, sizeof(name), AGENT_THREAD "%u%s", ++helper.nr_snapshots % 10000000,
		 all ? "" : AGENT_NOT_ALL);
	prctl(PR_SET_NAME, name);
}

static void serve(void)
{
	const int ending = atomic_load(&helper.ending);

	if (atomic_load(&helper.exiting)) {
		agent_save_at_end();
		atomic_store(&helper.saved, true);
	} else if (ending) {
		agent_save_at_end();
		die(ending);
	} else {
		count_snapshot(agent_save());
	}
}

static void *helper_main(void *arg)
{
	const struct timespec every = { helper.every_ms / 1000, helper.every_ms % 1000 * 1000000 };
	sigset_t set;

	(void)arg;
	while (!atomic_load(&helper.named))
		syscall(SYS_futex, &helper.named, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	prctl(PR_SET_NAME, AGENT_THREAD "0"); /* again, for where /proc cannot be written */
	sigemptyset(&set);
	sigaddset(&set, AGENT_WAKE);
	atomic_store(&helper.tid, (pid_t)syscall(SYS_gettid));
	if (atomic_load(&helper.ending) || atomic_load(&helper.exiting))
		serve();
	for (;;) {
		int got = helper.every_ms ? sigtimedwait(&set, NULL, &every)
					  : sigwaitinfo(&set, NULL);

		if (got == AGENT_WAKE || (got < 0 && errno == EAGAIN))
			serve();
	}
	return NULL;
}

static void start_thread(void)
{
	sigset_t all, old;
	pthread_attr_t attr;
	pthread_t thread;

	/* Every signal stays with the program's own threads. */
	sigfillset(&all);
	if (pthread_attr_init(&attr))
		return;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	atomic_store(&helper.tid, 0);
	atomic_store(&helper.ending, 0);
	atomic_store(&helper.exiting, 0);
	atomic_store(&helper.saved, false);
	atomic_store(&helper.named, 0);
	atomic_store(&helper.pid, getpid());
	if (pthread_create(&thread, &attr, helper_main, NULL))
		atomic_store(&helper.pid, 0);
	else
		pthread_setname_np(thread, AGENT_THREAD "0");
	atomic_store(&helper.named, 1);
	syscall(SYS_futex, &helper.named, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
}

/* Only what would end the program: a handler, and what is ignored, is left alone. */
static void catch_endings(void)
{
	for (size_t i = 0; i < NR_ENDINGS; i++) {
		struct sigaction act;

		if (!agent_next_sigaction(endings[i], NULL, &act) && agent_catch(endings[i], &act))
			agent_next_sigaction(endings[i], &act, NULL);
	}
}

void agent_helper_start(void)
{
	const char *every = getenv(AGENT_EVERY);
	static bool started;

	if (started)
		return;
	started = true;
	helper.every_ms = every ? strtol(every, NULL, 10) : 0;
	if (helper.every_ms < 0)
		helper.every_ms = 0;
	start_thread();
	catch_endings();
}

void agent_helper_restart(void)
{
	if (atomic_load(&helper.pid))
		start_thread();
}

bool agent_catch(int sig, struct sigaction *act)
{
	if (!atomic_load(&helper.pid) || !is_ending(sig) || act->sa_handler != SIG_DFL)
		return false;
	*act = (struct sigaction){ .sa_handler = on_ending, .sa_flags = SA_RESTART };
	return true;
}

void agent_uncatch(struct sigaction *act)
{
	if (act->sa_handler == on_ending)
		*act = (struct sigaction){ .sa_handler = SIG_DFL };
}
