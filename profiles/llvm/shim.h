/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C API that LLVM's ProfileData lacks. One module is built for each LLVM
 * major; it exports SHIM_SYMBOL alone, a function that returns its table. No
 * call throws, and every llvm::Error ends in a shim_fault.
 */
#ifndef PGO_PROFILES_LLVM_SHIM_H
#define PGO_PROFILES_LLVM_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define SHIM_NOEXCEPT noexcept
extern "C" {
#else
#define SHIM_NOEXCEPT
#endif

#define SHIM_ABI 2
#define SHIM_SYMBOL "pgo_llvm_shim"

enum shim_code {
	SHIM_OK,
	SHIM_EFORMAT,  /* malformed or truncated */
	SHIM_EVERSION, /* a version that this LLVM does not read */
	SHIM_EKIND,    /* inputs of kinds that do not mix */
	SHIM_ECOUNTS,  /* two records of one function disagree: function is set */
	SHIM_EIO,      /* writing failed: errnum is set */
};

/* What went wrong. Strings are malloc'ed, may be NULL, and are freed by fault_release. */
struct shim_fault {
	enum shim_code code;
	int errnum;
	char *message;
	char *function;
};

/* A profile in memory. data[len] must be readable and 0, and data aligned to 8. */
struct shim_input {
	const char *data;
	size_t len;
	const char *path; /* for LLVM's own use, not opened */
	bool raw;	  /* counters come from a process: implausible ones are refused */
};

/* A value that was seen at a site. kind is LLVM's: 0 call, 1 size, 2 vtable. */
struct shim_site_value {
	uint32_t kind, site;
	uint64_t value, count;
	const char *name; /* of the function that value is the hash of; not terminated */
	size_t name_len;  /* 0: not known */
};

/* One function; valid during the call that hands it over. name is not terminated. */
struct shim_record {
	const char *name;
	size_t name_len;
	uint64_t hash;
	const uint64_t *counts;
	size_t nr_counts;
	uint32_t nr_value_sites;
	uint64_t value_total; /* saturated */
	bool cs;
	const struct shim_site_value *values; /* by kind, site and value */
	size_t nr_values;
};

#define SHIM_NR_KINDS 3

struct shim_value {
	uint64_t value, count;
};

/* One function to add. name is not terminated. */
struct shim_func {
	const char *name;
	size_t name_len;
	uint64_t hash;
	const uint64_t *counts;
	size_t nr_counts;
	const uint8_t *bitmap;
	size_t nr_bitmap;
	uint32_t nr_sites[SHIM_NR_KINDS];
	const uint8_t *site_counts; /* number of values of each site, kind after kind */
	const struct shim_value *values;
};

struct shim_bytes {
	const void *data;
	size_t len;
};

/* What a raw profile says, in the order of its records; valid during the call. */
struct shim_batch {
	uint64_t variant; /* high bits of the raw version */
	const struct shim_func *funcs;
	size_t nr_funcs;
	const struct shim_bytes *ids;
	size_t nr_ids;
	const uint64_t *trace; /* hashes of names in the order of first calls */
	size_t nr_trace;
};

/* What a merge holds. Saturated. */
struct shim_totals {
	uint64_t nr_functions, nr_counters, total_count, max_count, nr_overflow;
	/* of batches: bitmaps, traces and values that this LLVM has no place for */
	uint64_t nr_lost;
};

typedef void (*shim_record_fn)(const struct shim_record *record, void *arg);

struct shim_merger;

/* Functions return SHIM_OK, or the fault's code with *fault, zeroed before, filled. */
struct shim_api {
	unsigned abi, major;
	unsigned raw_version;	  /* the one that is read */
	unsigned indexed_version; /* the newest that is read, and the one written */
	const char *(*version)(void)SHIM_NOEXCEPT; /* "22.1.8", of the library */

	/* How many partial merges llvm-profdata makes of nr inputs on this machine. */
	unsigned (*default_jobs)(size_t nr_inputs) SHIM_NOEXCEPT;
	/*
	 * jobs partial merges, to which inputs are to go in turn, are joined at the end as
	 * llvm-profdata -j does it: the order of records in the output, and with it
	 * the bytes, may depend on their number.
	 */
	struct shim_merger *(*merger_new)(bool sparse, unsigned jobs)SHIM_NOEXCEPT;
	void (*merger_free)(struct shim_merger *m) SHIM_NOEXCEPT;
	/*
	 * Add every record, its counts times weight, to partial merge part. The merge is
	 * of no use after a fault.
	 */
	enum shim_code (*merger_add)(struct shim_merger *m, unsigned part,
				     const struct shim_input *input, uint64_t weight,
				     struct shim_fault *fault) SHIM_NOEXCEPT;
	/* The same of records that were read elsewhere; their names need not be in any table. */
	enum shim_code (*merger_add_batch)(struct shim_merger *m, unsigned part,
					   const struct shim_batch *batch, uint64_t weight,
					   struct shim_fault *fault) SHIM_NOEXCEPT;
	/* Join and write to a regular file at its offset 0. fd stays open. Called once. */
	enum shim_code (*merger_write)(struct shim_merger *m, int fd, bool text,
				       struct shim_totals *totals,
				       struct shim_fault *fault) SHIM_NOEXCEPT;
	/* Hand every record to fn, in the order of the file. */
	enum shim_code (*read)(const struct shim_input *input, shim_record_fn fn, void *arg,
			       struct shim_fault *fault) SHIM_NOEXCEPT;
	void (*fault_release)(struct shim_fault *fault) SHIM_NOEXCEPT;
};

typedef const struct shim_api *(*shim_entry_fn)(void);

/* Sampled profiles have a table of their own (shim-sample.cc). */
#define SHIM_SAMPLE_SYMBOL "pgo_llvm_shim_sample"

enum shim_sample_form { SHIM_SAMPLE_TEXT, SHIM_SAMPLE_BINARY, SHIM_SAMPLE_EXTBINARY };

struct shim_sampler;

struct shim_sample_api {
	/* LLVM keeps what kind of profile it reads in globals: one sampler at a time. */
	struct shim_sampler *(*sampler_new)(void)SHIM_NOEXCEPT;
	void (*sampler_free)(struct shim_sampler *s) SHIM_NOEXCEPT;
	/*
	 * Add every function, its counts times weight. input->data must stay until
	 * sampler_free, and be what sample_read_* (profiles/sample.h) takes. The merge is
	 * of no use after a fault. SHIM_EKIND: with and without pseudo-probes or contexts.
	 */
	enum shim_code (*sampler_add)(struct shim_sampler *s, const struct shim_input *input,
				      uint64_t weight, struct shim_fault *fault) SHIM_NOEXCEPT;
	/* Write to a regular file at its offset 0. fd stays open. Called once. */
	enum shim_code (*sampler_write)(struct shim_sampler *s, int fd, enum shim_sample_form form,
					struct shim_totals *totals,
					struct shim_fault *fault) SHIM_NOEXCEPT;
	void (*fault_release)(struct shim_fault *fault) SHIM_NOEXCEPT;
};

typedef const struct shim_sample_api *(*shim_sample_entry_fn)(void);

#ifdef __cplusplus
}
#endif

#endif
