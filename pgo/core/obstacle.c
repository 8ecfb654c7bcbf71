/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/obstacle.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/core/elf-info.h"

static const struct {
	const char *name, *remedy;
} obstacles[] = {
	[OBSTACLE_STATIC] = { "static",
			      "link it dynamically in the instrumented build, or, with Clang 19 "
			      "or newer, collect --continuous" },
	[OBSTACLE_FOREIGN] = { "for another loader than pgoctl's",
			       "train with a build for this system's libc" },
	[OBSTACLE_STRIPPED] = { "stripped", "keep its symbols in the instrumented build" },
	[OBSTACLE_PRIVILEGED] = { "setuid or setgid, or has capabilities",
				  "train a copy without that, as the user whose rights it needs, "
				  "or, with Clang 19 or newer, collect --continuous" },
};

const char *obstacle_name(enum obstacle o)
{
	return obstacles[o].name;
}

const char *obstacle_remedy(enum obstacle o)
{
	return obstacles[o].remedy;
}

static enum obstacle obstacle_of(const struct elf_info *e)
{
	PGO_AUTO(elf_info) self = ELF_INFO_INIT;

	if (e->is_static)
		return OBSTACLE_STATIC;
	if (e->interpreter && !elf_info_read("/proc/self/exe", &self, NULL) && self.interpreter &&
	    strcmp(e->interpreter, self.interpreter) != 0)
		return OBSTACLE_FOREIGN;
	return e->has_llvm_counters && !e->has_symbols ? OBSTACLE_STRIPPED : OBSTACLE_NONE;
}

enum obstacle obstacle_of_file(const char *path)
{
	PGO_AUTO(elf_info) e = ELF_INFO_INIT;
	enum obstacle o;
	struct stat st;

	if (elf_info_read(path, &e, NULL) || !e.text_bytes)
		return OBSTACLE_NONE;
	o = obstacle_of(&e);
	if (o != OBSTACLE_NONE || stat(path, &st))
		return o;
	return (st.st_mode & S_ISUID && st.st_uid != geteuid()) ||
			       (st.st_mode & S_ISGID && st.st_gid != getegid())
		       ? OBSTACLE_PRIVILEGED
		       : OBSTACLE_NONE;
}

/* The kernel told its loader so; and it lets nobody else look into what has more rights. */
static bool is_secure(pid_t pid)
{
	PGO_AUTO_FREE char *path = xstrfmt("/proc/%d/auxv", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned long one[2];
	bool secure = false;

	if (fd < 0)
		return errno == EACCES || errno == EPERM;
	while (!secure && read(fd, one, sizeof(one)) == sizeof(one))
		secure = one[0] == AT_SECURE && one[1];
	close(fd);
	return secure;
}

enum obstacle obstacle_of_process(pid_t pid)
{
	PGO_AUTO_FREE char *path = xstrfmt("/proc/%d/exe", (int)pid);
	PGO_AUTO(elf_info) e = ELF_INFO_INIT;

	if (is_secure(pid))
		return OBSTACLE_PRIVILEGED;
	return elf_info_read(path, &e, NULL) ? OBSTACLE_NONE : obstacle_of(&e);
}
