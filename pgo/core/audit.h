/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An audit of an instrumented program or shared object: which of its functions have no
 * probes, where these come from and why that may be. A profile says nothing of them.
 */
#ifndef PGO_CORE_AUDIT_H
#define PGO_CORE_AUDIT_H

#include "pgo/base/arena.h"
#include "pgo/core/json.h"
#include "profiles/probes.h"

/* A share of the code below this is told as too little where nobody asked for another one. */
#define AUDIT_MIN_SHARE 0.9

/* Why code has no probes: what speaks for it, not what was seen. */
enum audit_cause {
	AUDIT_UNKNOWN,	      /* nothing says where the code is from */
	AUDIT_ASSEMBLY,	      /* compilers put no probes into it */
	AUDIT_OTHER_COMPILER, /* another one than what has probes was made by */
	AUDIT_BEFORE_BUILD,   /* the file is older than the build */
	AUDIT_SYSTEM,	      /* it belongs to the system, or to a compiler */
	AUDIT_WITHOUT_FLAG,   /* nothing in the object has probes: no flag, or one that undid it */
	AUDIT_FUNCTION,	      /* other functions of the object have probes: by attribute */
	AUDIT_NR_CAUSES,
};
/* "unknown", "assembly", ...: as in JSON. */
const char *audit_cause_name(enum audit_cause cause);

struct audit_sum {
	uint64_t functions, bytes;
};

/* Code of one origin. What is not known is NULL. */
struct audit_group {
	const char *file;     /* what was linked: an object file, or an archive */
	const char *member;   /* of the archive */
	const char *source;   /* as the compiler was given it; without -g its name alone */
	const char *language; /* "C", "assembly", ... */
	const char *compiler; /* "gcc 12.2.0" */
	struct audit_sum probed, bare, ambiguous;
	enum audit_cause cause; /* of bare.functions, when there are any */
};

/* A function without probes. */
struct audit_function {
	const struct probes_function *f;
	size_t group; /* index */
};

/* What is told of an archive, an object or a source. */
struct audit_finding {
	const char *what; /* its file or source, NULL: not known */
	bool is_archive;
	bool whole; /* no function of it has probes */
	struct audit_sum bare;
	double share; /* bare.bytes of all code that is judged */
	enum audit_cause cause;
	const char *compiler, *language; /* of most of bare.bytes, or NULL */
};

struct audit {
	struct arena arena;
	char *path;
	struct probes probes;
	struct audit_sum probed, bare, ambiguous;
	/* Without probes, as it should be: of the C and profile run-times; made by the compiler. */
	struct audit_sum runtime, generated;
	uint64_t nr_labels;   /* in code, without a size: not judged */
	bool has_libc;	      /* of the C library, and nothing told its functions from the others */
	const char *compiler; /* of most of the code with probes, or NULL */
	struct audit_group *groups; /* the most bare bytes first */
	size_t nr_groups, alloc_groups;
	struct audit_function *functions; /* the largest first */
	size_t nr_functions, alloc_functions;
	struct audit_finding *findings; /* the largest first */
	size_t nr_findings, alloc_findings;
};
#define AUDIT_INIT { .arena = ARENA_INIT, .probes = PROBES_INIT }
void audit_release(struct audit *a);
PGO_DEFINE_AUTO(audit, audit_release)

struct audit_opts {
	const char *map;    /* the linker's, or NULL */
	const char *dir;    /* where the linker ran: what the map's paths are relative to */
	int64_t started_ns; /* CLOCK_REALTIME of the build, or 0 */
};

/*
 * Audit the file at path into the empty *ret. A file without any probes is no error.
 * -PGO_EFORMAT: no ELF file, a damaged one, no map; -PGO_EUSAGE: not linked;
 * -PGO_EMISMATCH: the map is another file's; -PGO_ENOTFOUND.
 */
int audit_read(const char *path, const struct audit_opts *opts, struct audit *ret,
	       struct pgo_err *err);

/* There are counters of any kind. */
bool audit_has_probes(const struct audit *a);
/* The shares below say something: it is known of functions whether they have probes. */
bool audit_is_judged(const struct audit *a);
/* With probes, of what is judged. 1 when that is nothing. */
double audit_share_bytes(const struct audit *a);
double audit_share_functions(const struct audit *a);
/* Probes are there, and both shares are at least min_share where they say something. */
bool audit_passes(const struct audit *a, double min_share);

/* "compiled by gcc 12.2.0, what has probes by clang 19.1.7": the likely cause, appended. */
void audit_add_cause(const struct audit *a, const struct audit_finding *f, struct strbuf *out);
/* "libx.a (212 functions, 43.1 % of the code)", appended; what is not known by what it is. */
void audit_add_finding(const struct audit_finding *f, struct strbuf *out);
/* "clang", "gcc", "clang and gcc", "llvm-bolt", or "none". */
const char *audit_kind(const struct audit *a);
/* What cannot be known of the file, and what to do about it, or NULL. */
const char *audit_limit(const struct audit *a);

/* As docs/json.md says; functions: at most as many of those without probes. */
json_t *audit_json(const struct audit *a, size_t functions);

#endif
