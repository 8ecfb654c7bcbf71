/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/obstacle.h"

#include <elf.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "drivers/agent.h"
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
	if ((st.st_mode & S_ISUID && st.st_uid != geteuid()) ||
	    (st.st_mode & S_ISGID && st.st_mode & S_IXGRP && st.st_gid != getegid()) ||
	    (geteuid() && getxattr(path, "security.capability", NULL, 0) > 0))
		return OBSTACLE_PRIVILEGED;
	return OBSTACLE_NONE;
}

/* "Uid:\t1000\t0\t...": the effective one is another than the real one. */
static bool differs(const struct strbuf *status, const char *key)
{
	const char *line = strstr(status->buf, key);
	unsigned real, effective;

	return line && sscanf(line + strlen(key), "%u %u", &real, &effective) == 2 &&
	       real != effective;
}

/* Its loader was told so; where that may not be read, by whose rights it has. */
static bool is_secure(pid_t pid)
{
	PGO_AUTO(strbuf) auxv = STRBUF_INIT;
	PGO_AUTO(strbuf) status = STRBUF_INIT;
	unsigned long one[2];

	if (!fs_read_proc(pid, "auxv", &auxv))
		return fs_read_proc(pid, "status", &status) &&
		       (differs(&status, "\nUid:") || differs(&status, "\nGid:"));
	for (size_t at = 0; at + sizeof(one) <= auxv.len; at += sizeof(one)) {
		memcpy(one, auxv.buf + at, sizeof(one));
		if (one[0] == AT_SECURE)
			return one[1] != 0;
	}
	return false;
}

enum obstacle obstacle_of_process(pid_t pid)
{
	PGO_AUTO_FREE char *path = xstrfmt("/proc/%d/exe", (int)pid);
	PGO_AUTO(elf_info) e = ELF_INFO_INIT;
	PGO_AUTO(strbuf) maps = STRBUF_INIT;
	enum obstacle o = OBSTACLE_NONE;

	/* The agent is there, and has found nothing to do. */
	if (fs_read_proc(pid, "maps", &maps) && strstr(maps.buf, AGENT_FILE))
		return OBSTACLE_NONE;
	if (!elf_info_read(path, &e, NULL)) {
		if (!e.has_llvm_counters && !e.has_gcov)
			return OBSTACLE_NONE;
		/* First: what is no program of this machine has another auxv. */
		o = obstacle_of(&e);
	}
	return o == OBSTACLE_NONE && is_secure(pid) ? OBSTACLE_PRIVILEGED : o;
}
