/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure COMMAND ARGUMENT...: run it with its output thrown away, then print
 * wall time in microseconds, processor time in microseconds and the most memory
 * it held in KiB. Exit status is the command's, 127 where it does not start.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t us_of(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

static void run(char **argv)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null >= 0 && dup2(null, STDOUT_FILENO) >= 0 && dup2(null, STDERR_FILENO) >= 0)
		execvp(argv[1], argv + 1);
	_exit(127);
}

int main(int argc, char **argv)
{
	int64_t start = now_us();
	struct rusage used;
	int status;
	pid_t pid;

	if (argc < 2)
		return 127;
	pid = fork();
	if (!pid)
		run(argv);
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return 127;
	printf("%" PRId64 " %" PRId64 " %ld\n", now_us() - start,
	       us_of(used.ru_utime) + us_of(used.ru_stime), used.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
