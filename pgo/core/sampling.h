/* SPDX-License-Identifier: Apache-2.0 */
/* Training runs that are observed from outside: the recorder, and what it costs. */
#ifndef PGO_CORE_SAMPLING_H
#define PGO_CORE_SAMPLING_H

#include "pgo/base/child.h"
#include "pgo/core/digest.h"
#include "pgo/core/sampling-probe.h"

struct sampler {
	const struct collector *collector;
	struct collect_wish wish;
	uint64_t duration_ns; /* of a recording; 0: until the command ends */
	uint64_t max_bytes;   /* of a recording */
	unsigned pairs;	      /* of runs without and with the recorder; 0: overhead not measured */
	const char *to;	      /* as convert_samples takes it; NULL: what the compiler reads */
	const char *command;  /* a shell line in place of the workloads', in dir; or NULL */
	const char *binary;   /* whose samples are wanted; NULL: the artifacts */
	const char *debug;    /* the file with their debug information; NULL: the binary */
	bool allow_mismatch;
	/* Filled by sampler_prepare. */
	struct sampling_machine machine;
	struct collect_choice choice;
};
#define SAMPLER_MAX_BYTES (1ull << 30)
#define SAMPLER_PAIRS 3
#define SAMPLER_INIT                                                                  \
	{ .collector = collectors[0], .max_bytes = SAMPLER_MAX_BYTES,               \
	  .pairs = SAMPLER_PAIRS, .choice = COLLECT_CHOICE_INIT }
void sampler_release(struct sampler *s);
PGO_DEFINE_AUTO(sampler, sampler_release)

/* Whether it watches processes that run already. */
static inline bool sampler_attaches(const struct sampler *s)
{
	return s->wish.pid || s->wish.cgroup;
}

/* Find out what this machine can do and decide; what is to be known is logged. Errors as the
 * collector's preflight. */
int sampler_prepare(struct sampler *s, struct pgo_err *err);

/* The words before the command whose recording is to be output, and its environment. */
void sampler_wrap(const struct sampler *s, const char *output, struct strvec *argv,
		  struct strvec *env);

/* stage_key and how it is recorded, in one hash. */
void sampler_key(const struct sampler *s, const char *stage_key, char hex[DIGEST_HEX_LEN + 1]);

/*
 * Whether output is a recording, after a run that ended as ret, res and *err tell: 0 also for a
 * run that the recorder stopped as its recording was as large as it may be, which is logged and
 * clears *err. Else ret or -PGO_ECHILD.
 */
int sampler_check(const struct sampler *s, const char *output, int ret,
		  const struct child_result *res, struct pgo_err *err);

#endif
