/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of libc that stand between a program and the loss of its counts.
 * Each does what it is to do by the next definition of it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "drivers/agent/agent.h"

#define EXPORT __attribute__((visibility("default")))

/* Declare next, the next definition of a function, looked up once; NULL when there is none. */
#define FIND_NEXT(name)                  \
	static __typeof__(&(name)) next; \
	if (!next)                       \
	next = (__typeof__(next))dlsym(RTLD_NEXT, #name)

static int no_function(void)
{
	errno = ENOSYS;
	return -1;
}

/* What an exec returns when it does return. */
static int exec_failed(int ret)
{
	const int saved = errno;

	agent_exec_failed();
	errno = saved;
	return ret;
}

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	FIND_NEXT(execve);

	agent_save_for_exec();
	return exec_failed(next ? next(path, argv, envp) : no_function());
}

EXPORT int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	FIND_NEXT(execvpe);

	agent_save_for_exec();
	return exec_failed(next ? next(file, argv, envp) : no_function());
}

EXPORT int execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	FIND_NEXT(fexecve);

	agent_save_for_exec();
	return exec_failed(next ? next(fd, argv, envp) : no_function());
}

EXPORT int execveat(int fd, const char *path, char *const argv[], char *const envp[], int flags)
{
	agent_save_for_exec();
	return exec_failed((int)syscall(SYS_execveat, fd, path, argv, envp, flags));
}

/* How many pointers an array for these arguments needs, with the NULL. */
static size_t count_args(const char *first, va_list args)
{
	size_t nr = 1;

	if (first)
		for (nr = 2; va_arg(args, char *);)
			nr++;
	return nr;
}

static void take_args(char **argv, size_t nr, const char *first, va_list args)
{
	argv[0] = (char *)(uintptr_t)first;
	for (size_t i = 1; i < nr; i++)
		argv[i] = va_arg(args, char *);
}

/* An array on the caller's stack, since this may be a child of vfork. */
#define GATHER(argv, first, args)                                        \
	do {                                                             \
		size_t nr_;                                              \
		va_start(args, first);                                   \
		nr_ = count_args(first, args);                           \
		va_end(args);                                            \
		(argv) = __builtin_alloca(nr_ * sizeof(*(argv)));        \
		va_start(args, first);                                   \
		take_args(argv, nr_, first, args);                       \
	} while (0)

EXPORT int execl(const char *path, const char *arg, ...)
{
	va_list args;
	char **argv;

	GATHER(argv, arg, args);
	va_end(args);
	return execve(path, argv, environ);
}

EXPORT int execlp(const char *file, const char *arg, ...)
{
	va_list args;
	char **argv;

	GATHER(argv, arg, args);
	va_end(args);
	return execvpe(file, argv, environ);
}

EXPORT int execle(const char *path, const char *arg, ...)
{
	char **argv, **envp;
	va_list args;

	GATHER(argv, arg, args);
	envp = va_arg(args, char **);
	va_end(args);
	return execve(path, argv, envp);
}

EXPORT _Noreturn void _exit(int status)
{
	FIND_NEXT(_exit);

	agent_save_for_exit();
	if (next)
		next(status);
	for (;;)
		syscall(SYS_exit_group, status);
}

EXPORT _Noreturn void _Exit(int status)
{
	_exit(status);
}

/* In libc it forks, and the parent ends without a word: what it counted goes to the child. */
EXPORT int daemon(int keep_dir, int keep_streams)
{
	int ret;

	FIND_NEXT(daemon);

	if (agent_save())
		agent_unmark();
	ret = next ? next(keep_dir, keep_streams) : no_function();
	return ret ? exec_failed(ret) : 0;
}

/* It calls nobody that watches forks. */
EXPORT pid_t _Fork(void)
{
	pid_t pid;

	FIND_NEXT(_Fork);
	pid = next ? next() : (pid_t)no_function();
	if (!pid)
		agent_forget();
	return pid;
}

struct start {
	int (*function)(void *);
	void *arg;
};

static int start_forgetful(void *arg)
{
	const struct start start = *(const struct start *)arg;

	agent_forget();
	return start.function(start.arg);
}

/* Without CLONE_VM it is a fork, which begins on another stack: the old one is there as well. */
EXPORT int clone(int (*function)(void *), void *stack, int flags, void *arg, ...)
{
	struct start start = { function, arg };
	void *rest[3];
	va_list args;

	FIND_NEXT(clone);
	if (!next)
		return no_function();
	va_start(args, arg);
	for (int i = 0; i < 3; i++)
		rest[i] = va_arg(args, void *);
	va_end(args);
	if (function && !(flags & CLONE_VM))
		return next(start_forgetful, stack, flags, &start, rest[0], rest[1], rest[2]);
	return next(function, stack, flags, arg, rest[0], rest[1], rest[2]);
}

/* Each runtime in turn asks for its writing here, when its image has just come. */
EXPORT int agent_cxa_atexit(void (*function)(void *), void *arg, void *dso) __asm__("__cxa_atexit");

int agent_cxa_atexit(void (*function)(void *), void *arg, void *dso)
{
	static __typeof__(&agent_cxa_atexit) next;

	if (!next)
		next = (__typeof__(next))dlsym(RTLD_NEXT, "__cxa_atexit");
	agent_start();
	if (!arg)
		function = agent_exit_function(function, &arg);
	return next ? next(function, arg, dso) : -1;
}

int agent_next_sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	FIND_NEXT(sigaction);

	return next ? next(sig, act, old) : no_function();
}

EXPORT int sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	struct sigaction mine;
	int ret;

	if (act) {
		mine = *act;
		agent_catch(sig, &mine);
	}
	ret = agent_next_sigaction(sig, act ? &mine : NULL, old);
	if (!ret && old)
		agent_uncatch(old);
	return ret;
}

EXPORT sighandler_t signal(int sig, sighandler_t handler)
{
	struct sigaction act = { .sa_handler = handler }, old;

	FIND_NEXT(signal);
	if (agent_catch(sig, &act)) {
		if (agent_next_sigaction(sig, &act, &old))
			return SIG_ERR;
	} else {
		old = (struct sigaction){ .sa_handler = next ? next(sig, handler) : SIG_ERR };
	}
	agent_uncatch(&old);
	return old.sa_handler;
}
