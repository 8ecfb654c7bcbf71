/* SPDX-License-Identifier: Apache-2.0 */
/* Where a function of an audit comes from, by all that says something about it. */
#ifndef PGO_CORE_AUDIT_ORIGIN_H
#define PGO_CORE_AUDIT_ORIGIN_H

#include "pgo/base/hashmap.h"
#include "pgo/core/audit.h"
#include "pgo/core/link-map.h"
#include "profiles/dwarf-units.h"
#include "profiles/object-maker.h"

/* What was linked, looked at once. */
struct audit_input {
	struct object_makers makers;
	bool is_old;	/* its file is older than the build */
	bool is_system; /* it is in a folder of the system */
};

struct audit_origins {
	struct arena *arena; /* the audit's */
	const struct audit_opts *opts;
	struct dwarf_units units;
	struct link_map map;
	struct hashmap inputs; /* files of the map, to struct audit_input */
	struct hashmap names;  /* compilers as they call themselves, to what we call them */
};
#define AUDIT_ORIGINS_INIT \
	{ .units = DWARF_UNITS_INIT, .map = LINK_MAP_INIT, .inputs = HASHMAP_INIT, \
	  .names = HASHMAP_INIT }
void audit_origins_release(struct audit_origins *o);
PGO_DEFINE_AUTO(audit_origins, audit_origins_release)

struct audit_origin {
	const char *file, *member, *source, *language, *compiler;
	const struct audit_input *input; /* of file, or NULL */
	bool is_runtime;		 /* of the C or profile run-time */
};

int audit_origins_read(struct audit_origins *o, const char *path, struct pgo_err *err);
void audit_origin_of(struct audit_origins *o, const struct probes_function *f,
		     struct audit_origin *ret);

/* The compiler, whole of the source or not, made it: "_GLOBAL__sub_I_x". */
bool audit_is_generated(const char *name);
/* By the names that the run-times take for themselves. */
bool audit_is_runtime(const struct probes_function *f);
/* An object or an archive of the compiler's or of libc. */
bool audit_is_runtime_file(const char *path);
/* "gcc 12.2.0" of what DW_AT_producer or .comment say; malloc'ed. */
char *audit_compiler_name(const char *text);

#endif
