/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/config-schema.h"

#include "pgo/base/strbuf.h"

#define NEEDED CYAML_FLAG_DEFAULT
#define OPTIONAL CYAML_FLAG_OPTIONAL

/* Content is checked later, where the place is at hand: any text is taken here. */
#define TEXT(key, flags, type, member)                                                   \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | (flags), struct type, member,   \
			       0, CYAML_UNLIMITED)
#define FLAG(key, type, member)                                                          \
	CYAML_FIELD_BOOL(key, CYAML_FLAG_OPTIONAL, struct type, member)
#define WORD(key, type, member, words)                                                   \
	CYAML_FIELD_ENUM(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct type,      \
			 member, words, CYAML_ARRAY_LEN(words))
#define LIST(key, flags, type, member, entry, least)                                     \
	CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_POINTER | (flags), struct type,       \
				   member, nr_##member, entry, least, CYAML_UNLIMITED)
#define MAPPING(key, flags, member, fields)                                              \
	CYAML_FIELD_MAPPING(key, flags, struct raw_config, member, fields)

static const cyaml_strval_t technique_words[] = {
	{ "instrument", TECHNIQUE_INSTRUMENT },
	{ "sample", TECHNIQUE_SAMPLE },
	{ "bolt", TECHNIQUE_BOLT },
};

static const cyaml_strval_t update_words[] = {
	{ "single", PROFILE_UPDATE_SINGLE },
	{ "atomic", PROFILE_UPDATE_ATOMIC },
	{ "prefer-atomic", PROFILE_UPDATE_PREFER_ATOMIC },
};

static const cyaml_strval_t use_words[] = {
	{ "train", USE_TRAIN },
	{ "validate", USE_VALIDATE },
	{ "both", USE_BOTH },
};

static const cyaml_schema_value_t text_entry = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED),
};

static const cyaml_schema_field_t toolchain_fields[] = {
	TEXT("cc", NEEDED, raw_toolchain, cc), TEXT("cxx", OPTIONAL, raw_toolchain, cxx),
	TEXT("rustc", OPTIONAL, raw_toolchain, rustc), CYAML_FIELD_END
};

static const cyaml_schema_field_t profile_fields[] = {
	WORD("technique", raw_profile, technique, technique_words), FLAG("bolt", raw_profile, bolt),
	FLAG("partial-training", raw_profile, partial_training),
	WORD("update", raw_profile, update, update_words), CYAML_FIELD_END
};

static const cyaml_schema_field_t build_fields[] = {
	TEXT("source", OPTIONAL, raw_build, source),
	TEXT("command", NEEDED, raw_build, command),
	FLAG("out-of-tree", raw_build, out_of_tree),
	LIST("env", OPTIONAL, raw_build, env, &text_entry, 0),
	TEXT("clean", OPTIONAL, raw_build, clean),
	LIST("artifacts", NEEDED, raw_build, artifacts, &text_entry, 1),
	LIST("exclude", OPTIONAL, raw_build, exclude, &text_entry, 0),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t workload_fields[] = {
	TEXT("name", NEEDED, raw_workload, name),
	TEXT("run", NEEDED, raw_workload, run),
	TEXT("ready", OPTIONAL, raw_workload, ready),
	TEXT("drive", OPTIONAL, raw_workload, drive),
	TEXT("weight", OPTIONAL, raw_workload, weight),
	WORD("use", raw_workload, use, use_words),
	TEXT("stdin", OPTIONAL, raw_workload, stdin_path),
	TEXT("timeout", OPTIONAL, raw_workload, timeout),
	TEXT("repeat", OPTIONAL, raw_workload, repeat),
	TEXT("exit", OPTIONAL, raw_workload, exit),
	TEXT("output", OPTIONAL, raw_workload, output),
	CYAML_FIELD_END
};

static const cyaml_schema_value_t workload_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_workload, workload_fields),
};

static const cyaml_schema_field_t validation_fields[] = {
	TEXT("margin", OPTIONAL, raw_validation, margin),
	TEXT("budget", OPTIONAL, raw_validation, budget),
	TEXT("pairs", OPTIONAL, raw_validation, pairs), CYAML_FIELD_END
};

static const cyaml_schema_field_t root_fields[] = {
	TEXT("version", NEEDED, raw_config, version),
	MAPPING("toolchain", NEEDED, toolchain, toolchain_fields),
	MAPPING("profile", OPTIONAL, profile, profile_fields),
	MAPPING("build", NEEDED, build, build_fields),
	LIST("workloads", NEEDED, raw_config, workloads, &workload_entry, 1),
	MAPPING("validation", OPTIONAL, validation, validation_fields),
	CYAML_FIELD_END
};

const cyaml_schema_value_t config_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_config, root_fields),
};

const struct config_key config_key_table[] = {
	{ "version", "1", "the version of this file's format" },
	{ "toolchain", NULL, "the compilers: names on PATH or paths" },
	{ "toolchain.cc", "clang-22", "the C compiler" },
	{ "toolchain.cxx", "clang++-22", "the C++ compiler; by default the one beside cc" },
	{ "toolchain.rustc", "rustc", "the Rust compiler" },
	{ "profile", NULL, "how profiles are collected" },
	{ "profile.technique", "instrument",
	  "instrument (counters in a build of its own), sample (perf) or bolt (after the link)" },
	{ "profile.bolt", "false", "true: BOLT lays the optimized program out anew, too" },
	{ "profile.partial-training", "false",
	  "true: code that no workload reaches is still optimized for speed (gcc)" },
	{ "profile.update", "single",
	  "how threads update counters: single, atomic or prefer-atomic" },
	{ "build", NULL, "how the program is built" },
	{ "build.source", ".", "the folder that is copied, and built in the copy" },
	{ "build.command", "make -j\"$(nproc)\"", "the shell line that builds" },
	{ "build.out-of-tree", "false",
	  "true: the command runs in $PGO_BUILD_DIR, and $PGO_SOURCE_DIR is the copy" },
	{ "build.env", "[\"CFLAGS=-O2\"]", "environment of the build: NAME=value" },
	{ "build.clean", "make clean", "run in the fresh copy before the command" },
	{ "build.artifacts", "[my-program]",
	  "what to keep of a build, relative to where it ran: files, folders, patterns" },
	{ "build.exclude", "[\"*.o\"]", "patterns of what is left out of the copy" },
	{ "workloads", NULL, "the jobs that train the program and that measure it" },
	{ "workloads.name", "example", "its name: letters, digits, '.', '_', '+' and '-'" },
	{ "workloads.run", "'\"$PGO_OUT/my-program\"'",
	  "the shell line; $PGO_OUT holds the artifacts, $PGO_TMP is scratch space" },
	{ "workloads.ready", "'curl -fs localhost:8080/'",
	  "of a server: succeeds once it can be driven; what it counts before that is discarded" },
	{ "workloads.drive", "./load.sh",
	  "of a server: the line that loads it; then it is ended (use: train)" },
	{ "workloads.weight", "1", "how much its profile counts in the merge" },
	{ "workloads.use", "both", "train, validate or both" },
	{ "workloads.stdin", "data.txt", "a file for its standard input" },
	{ "workloads.timeout", "10m", "a run that takes longer has failed" },
	{ "workloads.repeat", "1", "how many times it runs in training" },
	{ "workloads.exit", "0", "the exit status of a good run" },
	{ "workloads.output", "stdout",
	  "what must be equal before and after: stdout, none or a file in $PGO_TMP" },
	{ "validation", NULL, "how the gain is proven" },
	{ "validation.margin", "2%", "a slow-down below this does not matter" },
	{ "validation.budget", "3m", "the time that validation may take" },
	{ "validation.pairs", "20", "runs of each build for each workload, 6 or more" },
	{ NULL, NULL, NULL },
};

const struct config_key *config_key_find(const char *name)
{
	for (const struct config_key *k = config_key_table; k->name; k++)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}

const char *config_key_leaf(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

static void add_keys(struct strvec *names, const char *prefix, const cyaml_schema_field_t *f)
{
	for (; f->key; f++) {
		const cyaml_schema_value_t *v = &f->value;
		PGO_AUTO_FREE char *name = xstrfmt("%s%s", prefix, f->key);
		PGO_AUTO_FREE char *below = xstrfmt("%s.", name);

		strvec_push(names, name);
		if (v->type == CYAML_SEQUENCE)
			v = v->sequence.entry;
		if (v->type == CYAML_MAPPING)
			add_keys(names, below, v->mapping.fields);
	}
}

void config_keys(struct strvec *names)
{
	add_keys(names, "", config_schema.mapping.fields);
}
