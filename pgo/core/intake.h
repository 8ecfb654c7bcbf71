/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile as the user gives it (a bundle, or a bare native one), in the form that the compiler
 * takes.
 */
#ifndef PGO_CORE_INTAKE_H
#define PGO_CORE_INTAKE_H

#include "pgo/core/bundle.h"
#include "pgo/core/stage.h"

struct intake {
	char *path; /* what -fprofile-use gets: a .profdata, or a folder of .gcda */
	char id[DIGEST_HEX_LEN + 1];
	struct stage_profile profile; /* of the two above */
	struct bundle bundle;	      /* .tool is NULL when it was no bundle */
};
#define INTAKE_INIT { .bundle = BUNDLE_INIT }
void intake_release(struct intake *in);
PGO_DEFINE_AUTO(intake, intake_release)

/*
 * Identify, verify and lay it out below .pgo/profile/ID. Raw and text profiles
 * are converted for the project's compiler. -PGO_EFORMAT, -PGO_EVERSION,
 * -PGO_EMISMATCH (a profile of the other compiler family or, for GCC, another
 * version: the message names both).
 */
int intake_open(struct project *p, const char *file, struct intake *ret, struct pgo_err *err);
/*
 * Lay BOLT's payloads of a bundle, or a bare .fdata file as bolt.fdata, out below dir, which is
 * made anew. -PGO_EMISMATCH when file has none; else as intake_open.
 */
int intake_bolt(struct project *p, const char *file, const char *dir, struct pgo_err *err);
/* What the dry run says instead, when the profile does not exist yet. */
int intake_plan(const struct project *p, struct intake *ret);

#endif
