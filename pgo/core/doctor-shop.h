/* SPDX-License-Identifier: Apache-2.0 */
/* Where a toolchain is tried: a folder, a program of ten lines, and what is done with both. */
#ifndef PGO_CORE_DOCTOR_SHOP_H
#define PGO_CORE_DOCTOR_SHOP_H

#include "pgo/base/child.h"
#include "pgo/core/doctor.h"
#include "pgo/core/sampling.h"
#include "profiles/format.h"

/* The recorder, and what it would do here. */
struct doctor_recorder {
	struct sampler sampler; /* its choice is made where can is set */
	bool can;
	struct pgo_err why; /* else */
};
#define DOCTOR_RECORDER_INIT { .sampler = SAMPLER_INIT, .why = PGO_ERR_INIT }
void doctor_recorder_release(struct doctor_recorder *r);
PGO_DEFINE_AUTO(doctor_recorder, doctor_recorder_release)

struct doctor_shop {
	const struct doctor_opts *opts;
	struct doctor_recorder *recorder;
	const struct doctor_toolchain *toolchain;
	const struct compiler *compiler;
	char *dir;	    /* in which it builds */
	char *raw;	    /* what the instrumented program left */
	struct strbuf said; /* what the plain program printed */
	bool has_branches;  /* the recording had branch stacks */
};
#define DOCTOR_SHOP_INIT { .said = STRBUF_INIT }
void doctor_shop_release(struct doctor_shop *s);

/* Make the folder and the program's source. The rest of *s is filled already. */
int shop_prepare(struct doctor_shop *s, const char *dir, struct pgo_err *err);

#define SHOP_PROGRAM "t"	/* what is built, below the shop's folder */
#define SHOP_CALLS 1000u	/* of its function, when it is run and compared */

/*
 * Run a child in the folder: c has its words, and in env what it needs besides ours. said gets
 * both streams. -PGO_ECHILD: what, and why: it failed, was ended by a signal, did not end in time;
 * the hint names the package that is missing or broken. Errors of child_run.
 */
int shop_run(const struct doctor_shop *s, const char *what, struct child *c, struct strbuf *said,
	     struct pgo_err *err);
/* Build SHOP_PROGRAM with the driver's flags of that stage. Errors of them, and of shop_run. */
int shop_build(const struct doctor_shop *s, enum stage_kind kind, enum technique technique,
	       const char *profile, struct strbuf *said, struct pgo_err *err);
/* Run a program of the folder with SHOP_CALLS; env may be NULL. */
int shop_run_program(const struct doctor_shop *s, const char *program, const struct strvec *env,
		     struct strbuf *said, struct pgo_err *err);
/* The same, and -PGO_EMISMATCH when it prints something else than s->said. */
int shop_compare(const struct doctor_shop *s, const char *program, const struct strvec *env,
		 struct pgo_err *err);

/*
 * Merge the one profile that a program left below raw for a compiler of that LLVM, into the folder
 * out, which is made anew; *ret is the path of what came of it, malloc'ed. -PGO_ECHILD: there is
 * none; -PGO_EMISMATCH: it has less than SHOP_CALLS counts. Errors of payload_merge.
 */
int shop_merge(const struct prof_format *format, const char *raw, unsigned llvm_major,
	       const char *out, char **ret, struct pgo_err *err);

#endif
