/* SPDX-License-Identifier: Apache-2.0 */
/* The control groups that this process is in, of either version, and what they limit. */
#ifndef PGO_CORE_CGROUP_H
#define PGO_CORE_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "pgo/base/strbuf.h"
#include "pgo/base/strvec.h"
#include "pgo/core/evidence.h"

enum cgroup_controller { CGROUP_CPU, CGROUP_MEMORY, CGROUP_IO };

/* The group of one controller and those above it, up to what is mounted. */
struct cgroup {
	unsigned version;   /* 1 or 2; 0: not to be seen */
	struct strvec dirs; /* the process's own first; root is before each */
};
#define CGROUP_INIT { .dirs = STRVEC_INIT }
void cgroup_release(struct cgroup *g);
PGO_DEFINE_AUTO(cgroup, cgroup_release)

/*
 * Fill the empty *ret. root is put before "/proc" and the mount points. In a container the path
 * may lead out of what is mounted, then the mount itself is the group. Hybrid machines have both
 * versions, and a controller in one of them: version 1 where that has it.
 * Source: Linux, Documentation/admin-guide/cgroup-v1/, cgroup-v2.rst.
 */
void cgroup_find(const char *root, enum cgroup_controller controller, struct cgroup *ret);
/* Append a group's file, dirs.v[level]/name; false: it cannot be read. */
bool cgroup_read(const struct cgroup *g, size_t level, const char *name, struct strbuf *out);

/* No limit is set; NOT_MEASURED: the group is not to be seen. */
#define CGROUP_NO_LIMIT EVIDENCE_NO_LIMIT

/* Processors, in thousandths, that the group at that level may use. */
uint64_t cgroup_cpu_limit(const struct cgroup *g, size_t level);
uint64_t cgroup_memory_limit(const struct cgroup *g, size_t level); /* bytes */
/* The tightest of a group and those above it, and the level that sets it. */
uint64_t cgroup_tightest(const struct cgroup *g,
			 uint64_t (*limit)(const struct cgroup *g, size_t level),
			 size_t *ret_level);

/* The number behind the key and a blank or '=', at the start of a line or word; NOT_MEASURED. */
uint64_t cgroup_number(const char *text, const char *key);

#endif
