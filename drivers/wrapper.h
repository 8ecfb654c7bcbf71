/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiler wrapper's contract with the rest: a folder of links to
 * pgoctl-cc that stands first on PATH, a configuration file for the stage at
 * work, and a log of one JSON line a call.
 */
#ifndef PGO_DRIVERS_WRAPPER_H
#define PGO_DRIVERS_WRAPPER_H

#include "drivers/compiler.h"
#include "pgo/base/strbuf.h"

/* The environment variable that names the configuration. Without it pgoctl-cc refuses to run. */
#define WRAPPER_ENV "PGOCTL_CC_CONFIG"

struct wrapper_conf {
	char *stage;		/* "instrumented" */
	char *cc, *cxx, *rustc; /* the real drivers, absolute; rustc may be NULL */
	char *family;		/* of cc: "clang" */
	char *version;		/* of cc: clang-22 means 22.1.8; NULL: by cc's name */
	char *target;		/* of cc: x86_64-linux-gnu-gcc means it; NULL: none */
	char *shim_dir;		/* taken off PATH for what the compiler starts */
	char *log;		/* JSON lines, appended */
	struct strvec cflags, ldflags;
	struct strvec rustflags;
	char *maps;	    /* the folder where linkers leave their maps, or NULL */
	char *pad;	    /* assembly that moves what is linked behind it; with a layout */
	unsigned layout;    /* of what is linked: a seed from 1, or 0: as the linker has it */
	int64_t started_ns; /* CLOCK_REALTIME: older objects on link lines are stale */
};
#define WRAPPER_CONF_INIT \
	{ .cflags = STRVEC_INIT, .ldflags = STRVEC_INIT, .rustflags = STRVEC_INIT }
void wrapper_conf_release(struct wrapper_conf *c);
PGO_DEFINE_AUTO(wrapper_conf, wrapper_conf_release)
/* The file is a sequence of NUL-ended "name=value" records: any bytes survive unquoted. */
int wrapper_conf_write(const struct wrapper_conf *c, const char *path, struct pgo_err *err);
int wrapper_conf_read(struct wrapper_conf *c, const char *path, struct pgo_err *err);

/*
 * Make shim_dir: a link to wrapper_exe for each compiler name: cc c++ gcc g++
 * clang clang++ c89 c99 always, and what PATH has of rustc, versioned (gcc-12)
 * and prefixed (x86_64-linux-gnu-gcc) names, which would otherwise escape.
 * -PGO_ETOOL when wrapper_exe is no program.
 */
int wrapper_make_shims(const char *shim_dir, const char *wrapper_exe, struct pgo_err *err);

/*
 * Set what makes a build in env go through the wrapper: WRAPPER_ENV, CC, CXX,
 * RUSTC (where configured; the links' paths, or bare names where a shell would
 * break the paths up), PATH with shim_dir first; ccache's key, so that no
 * two stages share an object; and LLVM_PROFILE_FILE and GCOV_PREFIX below
 * junk_dir (absolute), so that instrumented programs that the build itself runs
 * leave nothing in the tree.
 */
void wrapper_build_env(struct strvec *env, const struct wrapper_conf *conf, const char *conf_path,
		       const char *stage_key, const char *junk_dir);

/*
 * The text of wrapper_conf's pad: assembly of an object that, as the first one of
 * a link, moves what follows it, each class of sections (hot, unlikely, start-up
 * and plain code, constants, data) by its own multiple of 16 bytes, 16 to 4096.
 * The sizes are a function of layout. Any ELF target; no relocation, no code that
 * runs. Source: GNU ld and gold 2.40, by trial.
 */
void wrapper_pad_source(unsigned layout, struct strbuf *out);

/* Warnings about the profile, by kind; counted in a compiler's stderr. */
enum profile_warning {
	PROFILE_WARN_MISSING,	  /* no profile data for the file or function */
	PROFILE_WARN_MISMATCH,	  /* control flow changed: hash or checksum mismatch */
	PROFILE_WARN_OUT_OF_DATE, /* clang's summary of stale functions, gcc's moved ones */
	PROFILE_WARN_CORRUPT,	  /* counts inconsistent, file unreadable */
	PROFILE_WARN_NR
};
const char *profile_warning_name(enum profile_warning kind);

/* What a compiler said of one function's profile. */
struct profile_complaint {
	enum profile_warning kind;
	char *function; /* Clang's: as profiles name it; GCC's: as the source does */
	char *file;	/* or NULL */
};
void profile_complaint_release(struct profile_complaint *c);
PGO_DEFINE_AUTO(profile_complaint, profile_complaint_release)
/* Parse a line of its stderr; false: it says nothing of a function's profile. */
bool profile_complaint_parse(const char *line, struct profile_complaint *ret);

/* The sum of a stage's log. */
struct wrapper_summary {
	uint64_t nr_calls;
	uint64_t nr_compiles; /* one that also links counts as both */
	uint64_t nr_links;
	uint64_t nr_passed;	  /* left alone: -E, --version, assembly, probes, ... */
	uint64_t nr_foreign;	  /* compiles and links by another compiler: left alone */
	uint64_t nr_failed;	  /* by their status: usual while configuring */
	uint64_t nr_stale_inputs; /* objects on link lines that this stage did not build */
	uint64_t warnings[PROFILE_WARN_NR];
	struct strvec stale_inputs; /* the first few, by name */
	struct strvec foreign;	    /* the foreign compilers, by name */
};
#define WRAPPER_SUMMARY_INIT { .stale_inputs = STRVEC_INIT, .foreign = STRVEC_INIT }
void wrapper_summary_release(struct wrapper_summary *s);
PGO_DEFINE_AUTO(wrapper_summary, wrapper_summary_release)
/*
 * The log has a line a call: {"tool":"gcc","file":["a.c"],"mode":"compile",
 * "added":["-f..."],"ms":81,"status":0,"warnings":{"missing":1},"stale":[],
 * "nr_stale":0,"dir":"/w"}; a link has "output":"a.out", and "map":"/m" where it was asked for.
 * mode: compile, link, compile+link, passed, foreign; of the last two "why" says
 * more. file: the sources, of a link the output.
 * status: 128 + n for signal n. stale: the first few.
 * A missing log is an empty one, a last line without its end (a killed build) is left out.
 * -PGO_EFORMAT with the offset of a line that is not the wrapper's.
 */
int wrapper_log_read(struct wrapper_summary *s, const char *log, struct pgo_err *err);
/* What links that went well wrote, each once, by absolute paths, added. Errors as above. */
int wrapper_log_outputs(const char *log, struct strvec *paths, struct pgo_err *err);

/* A link that went well and left a map of what it made. */
struct wrapper_link {
	char *output;	 /* absolute */
	char *map, *dir; /* dir: where it ran */
};
struct wrapper_links {
	struct wrapper_link *v;
	size_t nr, alloc;
};
#define WRAPPER_LINKS_INIT { 0 }
void wrapper_links_release(struct wrapper_links *l);
PGO_DEFINE_AUTO(wrapper_links, wrapper_links_release)
/* Those of a log in its order, added. Errors as above. */
int wrapper_log_links(const char *log, struct wrapper_links *links, struct pgo_err *err);

#endif
