/* SPDX-License-Identifier: Apache-2.0 */
/* The error model: closed set of codes, one struct that carries what a person needs. */
#ifndef PGO_BASE_ERR_H
#define PGO_BASE_ERR_H

#include <stdarg.h>
#include <stdint.h>

#include "pgo/base/mem.h"

/* What the caller can do about it. Functions return 0 or the negated code. */
enum pgo_ecode {
	PGO_OK = 0,
	PGO_EUSAGE,	/* the command line is wrong */
	PGO_ECONFIG,	/* pgo.yaml is wrong */
	PGO_ENOTFOUND,	/* a named thing does not exist */
	PGO_EPERM,	/* the system refused */
	PGO_EIO,	/* reading or writing failed, a disk is full */
	PGO_EFORMAT,	/* input is corrupt or not what it should be */
	PGO_EVERSION,	/* input or tool is of an unsupported version */
	PGO_EMISMATCH,	/* inputs do not belong together */
	PGO_ELIMIT,	/* a bound was reached */
	PGO_ETOOL,	/* a tool, package or machine feature is missing */
	PGO_ECHILD,	/* a build or a workload failed */
	PGO_EUNSUP,	/* this combination is not supported */
	PGO_ECANCELLED, /* a signal asked to stop */
	PGO_NR_ECODES,
};

/* Exit codes of the program: a public interface, see docs/architecture.md. */
enum pgo_exit {
	PGO_EXIT_OK = 0,
	PGO_EXIT_NO = 1,
	PGO_EXIT_USAGE = 2,
	PGO_EXIT_INCONCLUSIVE = 3,
	PGO_EXIT_INSTRUMENT = 4,
	PGO_EXIT_MISCOMPARE = 5,
	PGO_EXIT_TOOL = 6,
	PGO_EXIT_DATA = 7,
	PGO_EXIT_CHILD = 8,
};

/*
 * An error on its way up. Strings are owned. offset is the byte offset in
 * path, or -1. Untouched on success. Only main prints one.
 */
struct pgo_err {
	enum pgo_ecode code;
	int errnum;
	int64_t offset;
	char *msg;  /* "cannot open 'x'": no capital, no full stop, subject quoted */
	char *hint; /* the exact command or line that mends it; several lines allowed */
	char *path;
	char *detail; /* indented under the message: a log's tail */
};

#define PGO_ERR_INIT { .offset = -1 }

/*
 * Fill err (when not NULL; an earlier error in it is replaced) and return
 * -code, so that "return pgo_error(err, PGO_EIO, ...)" is the idiom.
 */
int pgo_error(struct pgo_err *err, enum pgo_ecode code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for a failed system call: appends strerror(errno); EACCES and EPERM become PGO_EPERM,
 * ENOENT PGO_ENOTFOUND, everything else PGO_EIO. */
int pgo_error_errno(struct pgo_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The same for data: path and byte offset (-1 when there is none) of the fault. */
int pgo_error_at(struct pgo_err *err, enum pgo_ecode code, const char *path, int64_t offset,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Add to an error already set. Return -err->code; without an err, which knows the code, -PGO_EIO:
 * also then a failure. */
int pgo_err_hint(struct pgo_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int pgo_err_detail(struct pgo_err *err, const char *text);
/* Put "fmt: " before the message. */
int pgo_err_prefix(struct pgo_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void pgo_err_release(struct pgo_err *err);
PGO_DEFINE_AUTO(pgo_err, pgo_err_release)

/* The code's lower-case name ("format"), for JSON. */
const char *pgo_ecode_name(enum pgo_ecode code);

/* The exit code that a code maps to. */
int pgo_ecode_exit(enum pgo_ecode code);

#endif
