/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merged.prof: a deterministic pax archive, zstd-compressed, whose first entry
 * manifest.json tells where the profile is from and what is in it, followed by
 * one payload for each consumer. Equal inputs give equal bytes.
 */
#ifndef PGO_CORE_BUNDLE_H
#define PGO_CORE_BUNDLE_H

#include <stdbool.h>

#include "pgo/core/digest.h"
#include "pgo/core/sampling-overhead.h"
#include "pgo/base/strvec.h"

#define BUNDLE_FORMAT 1

struct profile_stats {
	uint64_t functions, counters, total_count, max_count, saturated;
};

struct bundle_workload {
	char *name, *run;
	double weight;
	uint64_t runs;
	uint64_t inputs; /* raw files */
	uint64_t input_bytes;
	struct profile_stats stats; /* of its own merged profile, unweighted */
	char *sha256;		    /* of the same */
	bool compared;		    /* with the other workloads, by function: */
	uint64_t only_functions;    /* that have counts in this workload alone */
	double without; /* overlap of the merged profile with what the others would merge to */
	/* Where it was sampled: in its recordings, and what the recorder could not keep. */
	uint64_t samples, lost;
	struct sampling_overhead overhead; /* of its first run */
};

/* How samples were taken. */
struct bundle_sampling {
	char *recorder;		  /* "perf version 6.1.187"; NULL: nothing was sampled */
	char *event;		  /* as the recordings name it */
	uint64_t rate_hz, period; /* one of them is 0 */
	bool branch_stacks;
};

struct bundle_payload {
	char *path;    /* "clang.profdata"; "gcc" is a folder */
	char *format;  /* "llvm-indexed", "gcda" */
	char *version; /* of the format: "13", "B22*" */
	uint64_t files, bytes;
	char *sha256; /* of the file; of a folder, of its sorted names and contents */
	struct profile_stats stats;
};

/* What pgoctl merge was given: a file, or the files below a folder. */
struct bundle_input {
	char *path, *format;
	uint64_t weight, files, bytes;
	char *sha256; /* as a payload's; NULL: not asked for */
};

/* A file that could not be read, and that was left out. */
struct bundle_lost {
	char *path, *moved_to, *reason;
	int64_t offset; /* -1: none */
	uint64_t weight, bytes;
};

/* What pgoctl merge --watch has folded and may not have removed yet. */
struct bundle_watch {
	char *folder;	/* absolute; NULL: no accumulator of a watch */
	uint64_t batch; /* the last that is in the payload */
	struct bundle_watched {
		char *path; /* below the batch */
		uint64_t inode, bytes, mtime_ns;
	} *files; /* of that batch */
	size_t nr_files;
	uint64_t nr_folded; /* files, of all batches */
};

struct bundle_artifact {
	char *path;	/* below $PGO_OUT */
	char *build_id; /* in hex; NULL: not an ELF file, or one without */
};

struct bundle {
	char *tool; /* "pgoctl 0.1.0" */
	char *family, *version, *banner, *target;
	unsigned major, llvm_major;
	char *technique;
	struct strvec cflags;	      /* of the training build */
	char *source_sha256, *commit; /* commit NULL: unknown */
	bool dirty;
	char *work_root;		   /* path that absolute names in the profile begin with */
	char *machine;			   /* "x86_64, CPU model" */
	struct bundle_artifact *artifacts; /* that were trained */
	size_t nr_artifacts;
	struct bundle_workload *workloads;
	size_t nr_workloads;
	struct bundle_sampling sampling;
	struct bundle_payload *payloads;
	size_t nr_payloads;
	struct bundle_input *inputs;
	size_t nr_inputs;
	struct bundle_lost *lost;
	size_t nr_lost;
	struct bundle_watch watch;
};
#define BUNDLE_INIT { .cflags = STRVEC_INIT }
void bundle_release(struct bundle *b);
PGO_DEFINE_AUTO(bundle, bundle_release)
struct bundle_artifact *bundle_add_artifact(struct bundle *b);
struct bundle_workload *bundle_add_workload(struct bundle *b);
struct bundle_payload *bundle_add_payload(struct bundle *b);
void bundle_payload_release(struct bundle_payload *p);
struct bundle_input *bundle_add_input(struct bundle *b);
struct bundle_lost *bundle_add_lost(struct bundle *b);
struct bundle_watched *bundle_add_watched(struct bundle *b);
void bundle_clear_watched(struct bundle *b);

/* How much of the merged profile's counts, by weight, is of the i-th workload: a fraction. */
double bundle_workload_share(const struct bundle *b, size_t i);

/* Write path (atomically) from the manifest and the payloads below dir. */
int bundle_write(const struct bundle *b, const char *dir, const char *path, struct pgo_err *err);

/* By its first bytes. */
bool bundle_is(const char *path);

/*
 * Read the manifest and, with a non-NULL dir, unpack the payloads below it:
 * only those that the manifest names, no larger than it says, with the hash
 * that it says. -PGO_EFORMAT, -PGO_EVERSION (made by a newer pgoctl).
 */
int bundle_read(const char *path, const char *dir, struct bundle *ret, struct pgo_err *err);

/* The hash of a payload as it stands in the manifest. bytes and files are set too. */
int bundle_hash_payload(const char *path, struct bundle_payload *payload, struct pgo_err *err);

#endif
