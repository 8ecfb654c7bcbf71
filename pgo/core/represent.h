/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what was trained is what production does: a profile beside recordings of it. */
#ifndef PGO_CORE_REPRESENT_H
#define PGO_CORE_REPRESENT_H

#include "pgo/core/contribution.h"
#include "pgo/core/project.h"
#include "profiles/sample-images.h"

/* What was sampled in production, by the symbols of the program. */
struct production {
	struct arena arena;
	struct hashmap functions; /* by name without what optimization adds; value: double * */
	uint64_t samples;	  /* of the recordings */
	double in_program;	  /* of them in functions of the program */
	char *program;		  /* its path */
};
#define PRODUCTION_INIT { .arena = ARENA_INIT }
void production_release(struct production *p);
PGO_DEFINE_AUTO(production, production_release)
/* Add a recording. Errors as prof_read_samples and sample_target_find. */
int production_read(struct production *p, const char *recording,
		    const struct sample_image_opts *opts, struct pgo_err *err);

/* A function, by its shares of the samples in the program and of the profile's counts. */
struct represented {
	const char *name;
	double production, training;
	bool known; /* the profile has it, with counts or without */
};

struct representation {
	struct represented *functions; /* that have samples; the most first */
	size_t nr_functions;
	double overlap;	     /* by function, the sum of the smaller shares */
	size_t nr_untrained; /* functions with samples and no counts */
	double untrained;    /* their share of the samples */
	double unnamed; /* of the profile's counts: GCC's static functions, which have no name */
};
#define REPRESENTATION_INIT { 0 }
void representation_release(struct representation *r);
PGO_DEFINE_AUTO(representation, representation_release)
/* training's and production's strings must live as long. */
void represent_compare(const struct profile *training, const struct production *production,
		       struct representation *ret);

/* Weights that bring training nearest to production. */
struct represent_weight {
	const char *workload; /* the project's */
	double weight, share; /* as they are; share of all counts */
	double fit_weight, fit_share;
};
struct represent_fit {
	struct represent_weight *v;
	size_t nr;
	double overlap, fit_overlap; /* with production, by function */
};
void represent_fit_release(struct represent_fit *f);
PGO_DEFINE_AUTO(represent_fit, represent_fit_release)
/*
 * Of the project's last training runs. What the best shares still lack is in fit_overlap.
 * -PGO_ENOTFOUND: there are no training runs; -PGO_EUNSUP: fewer than two workloads train.
 */
int represent_fit_weights(struct project *p, const struct production *production,
			  struct represent_fit *ret, struct pgo_err *err);

#endif
