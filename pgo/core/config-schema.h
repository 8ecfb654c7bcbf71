/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of pgo.yaml: what libcyaml fills, and what is said of each. Only for config-*.c. */
#ifndef PGO_CORE_CONFIG_SCHEMA_H
#define PGO_CORE_CONFIG_SCHEMA_H

#include <cyaml/cyaml.h>

#include "pgo/core/config.h"

/* The file as written: a text that is absent is NULL; numbers are still text. */
struct raw_toolchain {
	char *cc, *cxx, *rustc;
};

struct raw_profile {
	enum technique technique;
	bool bolt;
	bool partial_training;
	enum profile_update update;
};

struct raw_build {
	char *source, *command, *clean;
	bool out_of_tree;
	char **env, **artifacts, **exclude;
	unsigned nr_env, nr_artifacts, nr_exclude;
};

struct raw_workload {
	char *name, *run, *ready, *drive, *weight, *stdin_path, *timeout, *repeat, *exit, *output;
	enum workload_use use; /* 0: absent */
};

struct raw_validation {
	char *margin, *budget, *pairs;
};

struct raw_config {
	char *version;
	struct raw_toolchain toolchain;
	struct raw_profile profile;
	struct raw_build build;
	struct raw_workload *workloads;
	unsigned nr_workloads;
	struct raw_validation validation;
};

extern const cyaml_schema_value_t config_schema; /* of a struct raw_config */

/* A key by its full name: those of a mapping or of a list of mappings follow a dot. */
struct config_key {
	const char *name;    /* "build.command" */
	const char *example; /* a value as it is written; NULL: a mapping or a list of mappings */
	const char *meaning; /* one line, lower case, no full stop */
};
extern const struct config_key config_key_table[]; /* in the order of the file; name NULL ends */
const struct config_key *config_key_find(const char *name); /* or NULL */
/* The last part of a full name. */
const char *config_key_leaf(const char *name);

#endif
