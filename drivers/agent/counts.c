/* SPDX-License-Identifier: Apache-2.0 */
/* When counts are written, and when they begin at 0 again. */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "drivers/agent/agent.h"

/* A node of a value profile, as the compiler lays them out. Source: InstrProfData.inc. */
struct value_node {
	uint64_t value, count;
	struct value_node *next;
};

/* Why it is saved: the program goes on, is to become another, or ends. */
enum saving { SAVE_GO_ON, SAVE_EXEC, SAVE_END };

static struct {
	bool started;
	unsigned nr_nested; /* forks, by handlers, of a thread that has the mutex */
	pid_t owner;	    /* whose memory this is: another's is a child of vfork, or the like */
	pthread_mutex_t mutex; /* of the list of images, and of writing */
	char file[4096];       /* of what is written before exec, or "" */
} agent = { .mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP };

/* False: this thread is at it already, and was interrupted by a signal. */
static bool lock(void)
{
	return !pthread_mutex_lock(&agent.mutex);
}

static void unlock(void)
{
	pthread_mutex_unlock(&agent.mutex);
}

static bool any_set(const struct agent_range *r)
{
	const unsigned char *p = r->start;

	return r->bytes && (*p || memcmp(p, p + 1, r->bytes - 1) != 0);
}

static void clear(const struct agent_range *r)
{
	if (r->bytes)
		memset(r->start, 0, r->bytes);
}

/* What the runtime's own function does, which a linker that collects garbage leaves out. */
static void reset_llvm(const struct agent_image *image)
{
	struct value_node *node = image->nodes.start;

	if (image->reset) {
		image->reset();
		return;
	}
	clear(&image->counters);
	clear(&image->bitmap);
	for (size_t i = 0; i < image->nodes.bytes / sizeof(*node); i++)
		node[i].count = 0;
}

static void reset(const struct agent_image *image)
{
	if (image->runtime == AGENT_GCC) {
		if (image->reset)
			image->reset();
	} else if (!image->continuous || !image->continuous()) {
		reset_llvm(image);
	}
}

/*
 * Before exec: the file is not the one that the next program in this process writes, by the
 * same pid. Addresses of called functions are as they were in one of them only.
 */
static bool write_llvm(const struct agent_image *image, enum saving saving)
{
	if (!any_set(&image->counters) && !any_set(&image->bitmap))
		return true;
	if (saving == SAVE_EXEC && image->set_filename && agent.file[0])
		image->set_filename(agent.file);
	if (image->write)
		return !image->write();
	if (image->at_exit)
		image->at_exit();
	return image->at_exit;
}

static bool write_gcc(const struct agent_image *image, enum saving saving)
{
	if (image->dump && image->reset) {
		image->dump();
		return true;
	}
	if (saving != SAVE_END || !image->last_dump)
		return false;
	image->last_dump();
	return true;
}

/* GCC's functions do for all images that they know of: first all write, then all begin anew. */
static bool write_and_reset(enum saving saving)
{
	struct agent_image *images;
	size_t nr = agent_images(&images);
	bool all = true;

	for (size_t i = 0; i < nr; i++)
		all &= images[i].runtime == AGENT_LLVM ? write_llvm(&images[i], saving)
						       : write_gcc(&images[i], saving);
	for (size_t i = 0; i < nr; i++)
		reset(&images[i]);
	return all;
}

/* But not what counts in a file, which loses nothing however it ends. */
static void mark(void)
{
	struct agent_image *images;
	size_t nr = agent_images(&images);

	for (size_t i = 0; i < nr; i++)
		if (!images[i].continuous || !images[i].continuous()) {
			agent_mark();
			return;
		}
}

static bool save(enum saving saving)
{
	struct agent_image *images;
	bool all = false;

	if (!agent.started || !lock())
		return false;
	if (agent_images(&images) && getpid() == agent.owner)
		all = write_and_reset(saving);
	unlock();
	if (all && saving == SAVE_END)
		agent_unmark();
	return all;
}

bool agent_save(void)
{
	return save(SAVE_GO_ON);
}

bool agent_save_at_end(void)
{
	return save(SAVE_END);
}

/*
 * A child of vfork works in its parent's memory: the parent goes on counting and writes it all.
 * GCC's compiled programs have written already: their parent would not write again without a
 * reset.
 */
static void reset_gcc(void)
{
	struct agent_image *images;
	size_t nr = agent_images(&images);

	for (size_t i = 0; i < nr; i++)
		if (images[i].runtime == AGENT_GCC)
			write_gcc(&images[i], SAVE_EXEC);
	for (size_t i = 0; i < nr; i++)
		if (images[i].runtime == AGENT_GCC)
			reset(&images[i]);
}

void agent_save_for_exec(void)
{
	struct agent_image *images;

	if (!agent.started || !lock())
		return;
	if (agent_images(&images)) {
		if (getpid() != agent.owner)
			reset_gcc();
		else if (write_and_reset(SAVE_EXEC))
			agent_unmark();
	}
	unlock();
}

void agent_exec_failed(void)
{
	if (!agent.started || !lock())
		return;
	if (getpid() == agent.owner)
		mark();
	unlock();
}

/* Whether a signal that has a handler is blocked: then this is likely that handler. */
static bool in_handler(void)
{
	struct sigaction act;
	sigset_t blocked;

	if (pthread_sigmask(SIG_SETMASK, NULL, &blocked) || sigisemptyset(&blocked))
		return false;
	for (int sig = 1; sig < NSIG; sig++)
		if (sigismember(&blocked, sig) == 1 && !sigaction(sig, NULL, &act) &&
		    act.sa_handler != SIG_DFL && act.sa_handler != SIG_IGN)
			return true;
	return false;
}

/* The runtimes allocate memory: in a handler that may wait for what was interrupted, for ever. */
void agent_save_for_exit(void)
{
	if (in_handler())
		agent_ask_to_save();
	else
		save(SAVE_END);
}

void agent_forget(void)
{
	struct agent_image *images;
	size_t nr;

	if (!agent.started)
		return;
	/* Another thread of the parent may have held it. */
	agent.mutex = (pthread_mutex_t)PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
	agent.nr_nested = 0;
	agent.owner = getpid();
	nr = agent_images(&images);
	for (size_t i = 0; i < nr; i++)
		reset(&images[i]);
	mark();
}

static void before_fork(void)
{
	struct agent_image *images;

	if (lock())
		agent_images(&images);
	else
		agent.nr_nested++;
}

static void after_fork(void)
{
	if (agent.nr_nested)
		agent.nr_nested--;
	else
		unlock();
}

static void in_child(void)
{
	agent_forget();
	agent_helper_restart();
}

/* The runtime leaves what is in the file in its counters: what comes now would count it again. */
static void exit_function(void *arg)
{
	void (*function)(void) = NULL;
	struct agent_image *images;
	bool locked = lock();
	size_t nr;

	memcpy(&function, &arg, sizeof(function));
	function();
	if (!locked)
		return;
	nr = agent_images(&images);
	for (size_t i = 0; i < nr; i++)
		if (images[i].at_exit == function)
			reset(&images[i]);
	unlock();
}

static bool is_at_exit(void (*function)(void *))
{
	struct agent_image *images;
	size_t nr = agent_images(&images);

	for (size_t i = 0; i < nr; i++)
		if (images[i].at_exit && (uintptr_t)images[i].at_exit == (uintptr_t)function)
			return true;
	return false;
}

void (*agent_exit_function(void (*function)(void *), void **arg))(void *)
{
	bool found;

	if (!lock())
		return function;
	found = is_at_exit(function);
	unlock();
	if (!found)
		return function;
	agent_helper_start();
	memcpy(arg, &function, sizeof(function));
	return exit_function;
}

/* "%p-%m.profraw": the pid of now also in the processes that it forks, and a mark of its own. */
static void choose_file(void)
{
	static const char end[] = "/%p-%m.profraw";
	const char *pattern = getenv("LLVM_PROFILE_FILE");
	size_t len = pattern ? strlen(pattern) : 0, dir = len - (sizeof(end) - 1);
	struct timespec now;

	if (len < sizeof(end) || strcmp(pattern + dir, end) != 0 || dir + 64 > sizeof(agent.file))
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	memcpy(agent.file, pattern, dir);
	snprintf(agent.file + dir, sizeof(agent.file) - dir, "/%ld-%%m-%llx%08lx.profraw",
		 (long)agent.owner, (unsigned long long)now.tv_sec, (unsigned long)now.tv_nsec);
}

static void quick_exit_function(void *arg)
{
	(void)arg;
	save(SAVE_END);
}

/* By name: a libc that lacks them is to load this object all the same. */
static void watch(void)
{
	int (*forks)(void (*)(void), void (*)(void), void (*)(void),
		     void *) = dlsym(RTLD_DEFAULT, "__register_atfork");
	int (*quick_exits)(void (*)(void *), void *) = dlsym(RTLD_DEFAULT, "__cxa_at_quick_exit");

	if (forks)
		forks(before_fork, after_fork, in_child, NULL);
	/* The first to be registered runs last. */
	if (quick_exits)
		quick_exits(quick_exit_function, NULL);
}

void agent_start(void)
{
	struct agent_image *images;
	size_t nr;

	if (agent.started)
		return;
	agent.started = true;
	agent.owner = getpid();
	nr = agent_images(&images);
	choose_file();
	watch();
	mark();
	if (nr)
		agent_helper_start();
}

__attribute__((constructor)) static void start(void)
{
	agent_start();
}

/* After the runtimes: what destructors counted. */
__attribute__((destructor)) static void end(void)
{
	agent_save();
	/* The runtimes have written before, where the agent cannot. */
	agent_unmark();
}
