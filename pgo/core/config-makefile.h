/* SPDX-License-Identifier: Apache-2.0 */
/* As much of a makefile as it takes to guess what it builds. Only for config-*.c. */
#ifndef PGO_CORE_CONFIG_MAKEFILE_H
#define PGO_CORE_CONFIG_MAKEFILE_H

#include "pgo/base/strvec.h"

/* One "targets: prerequisites", expanded. */
struct make_rule {
	struct strvec targets, needs;
	bool has_recipe;
};

/*
 * Conditions and includes are not looked at: a later assignment wins. Of a
 * file that is larger than a person writes the rest is passed over.
 */
struct makefile {
	struct strvec vars; /* NAME=value, not expanded */
	struct make_rule *rules;
	size_t nr_rules, alloc_rules;
	size_t nr_references; /* expanded so far */
};
#define MAKEFILE_INIT { .vars = STRVEC_INIT }

/* Once for a makefile. */
void makefile_parse(struct makefile *mk, const char *text);
void makefile_release(struct makefile *mk);
PGO_DEFINE_AUTO(makefile, makefile_release)

/* The words of a variable, expanded; functions and unknown variables give nothing. */
void makefile_words(struct makefile *mk, const char *var, struct strvec *words);
bool makefile_has_target(const struct makefile *mk, const char *target);
/* What "make" without a goal seems to link: names without suffix that are no commands. */
void makefile_programs(const struct makefile *mk, struct strvec *programs);

#endif
