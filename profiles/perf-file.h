/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A perf.data recording on its way into samples: the parts of the reader that
 * only it uses. Source of the layouts: linux/perf_event.h (6.1), tools/perf's
 * Documentation/perf.data-file-format.txt and tools/lib/perf's perf/event.h.
 */
#ifndef PGO_PROFILES_PERF_FILE_H
#define PGO_PROFILES_PERF_FILE_H

#include <linux/perf_event.h>

#include "pgo/base/cursor.h"
#include "profiles/perf-data.h"
#include "profiles/sample-maps.h"
#include "profiles/samples.h"

/* What the header that this is built with need not know yet. */
#define PERF_TYPE_CALLCHAIN_DEFERRED 22
#define PERF_TYPE_LAST_KERNEL 22
#define PERF_TYPE_HEADER_ATTR 64
#define PERF_TYPE_HEADER_EVENT_TYPE 65
#define PERF_TYPE_HEADER_TRACING_DATA 66
#define PERF_TYPE_HEADER_BUILD_ID 67
#define PERF_TYPE_FINISHED_ROUND 68
#define PERF_TYPE_AUXTRACE 71
#define PERF_TYPE_EVENT_UPDATE 78
#define PERF_TYPE_HEADER_FEATURE 80
#define PERF_TYPE_COMPRESSED 81
#define PERF_TYPE_COMPRESSED2 83
#define PERF_TYPE_LAST_USER 86
/* Types above are no records: perf counts them up from 64. */
#define PERF_TYPE_PLAUSIBLE 1023

#define PERF_BRANCH_HW_INDEX (UINT64_C(1) << 17)
#define PERF_BRANCH_COUNTERS (UINT64_C(1) << 19)
#define PERF_CHAIN_USER_DEFERRED ((uint64_t)-640)
#define PERF_CHAIN_CONTEXT_MAX ((uint64_t)-4095)
#define PERF_FORMAT_LOST_BIT (UINT64_C(1) << 4)

/* One event: the fields of its perf_event_attr that tell how its records are laid out. */
struct perf_attr {
	uint32_t type;
	uint64_t config, sample_type, read_format, branch_type;
	uint64_t regs_user, regs_intr;
	bool sample_id_all;
	uint32_t id_trailer; /* bytes at the end of other records, where sample_id_all is set */
	uint32_t event;	     /* index into samples.events */
};

struct perf_id {
	uint64_t id;
	uint32_t attr; /* index + 1; 0: the slot is free */
};

/* Something that happened to a process, with what orders it. */
enum perf_side_kind { PERF_SIDE_MMAP, PERF_SIDE_FORK, PERF_SIDE_EXEC, PERF_SIDE_COMM };
struct perf_side {
	uint64_t time, order;
	enum perf_side_kind kind;
	uint32_t pid, tid, ppid, ptid;
	uint64_t start, len, loc; /* MMAP */
	uint32_t comm;		  /* COMM */
};

/* Where a worker may begin: a record boundary, and what was before it. */
struct perf_split {
	uint64_t offset, order;
};

struct perf_file {
	const char *path;
	int fd;
	uint64_t size_bytes;
	bool swap; /* of the other byte order */
	bool pipe;
	bool compressed;
	uint64_t data_begin, data_end;
	struct perf_attr *attrs;
	size_t nr_attrs, alloc_attrs;
	struct perf_id *ids; /* ids[0..ids_mask] */
	size_t nr_ids, ids_mask;
	struct perf_side *sides;
	size_t nr_sides, alloc_sides;
	struct perf_split *splits; /* splits[0..nr]: the last one is the end */
	size_t nr_splits, alloc_splits;
	struct sample_maps maps;
	bool by_time; /* records carry times; else their order in the file stands for it */
	struct samples *out;
};

/* One record. data holds size bytes, header and all, and is valid until the next one. */
struct perf_record {
	const uint8_t *data;
	uint32_t size;
	uint32_t type;
	uint16_t misc;
	uint64_t offset; /* in the file: of it, or of the compressed record that it came in */
	uint64_t order;	 /* strictly rising from record to record */
};

/* Records of a part of the file, one after another, unpacked, in bounded memory. */
struct perf_stream {
	const struct perf_file *f;
	uint64_t next, end; /* file offsets: to be loaded next, and where the part ends */
	uint64_t order;
	uint8_t *buf;
	size_t at, len;
	uint64_t buf_offset; /* of buf[0] */
	struct ZSTD_DCtx_s *zstd;
	uint8_t *out; /* unpacked bytes that are no whole record yet */
	size_t out_at, out_len;
	const uint8_t *packed; /* in buf: what is to be unpacked still */
	size_t packed_len;
	uint64_t packed_offset;
	/* How it ended. */
	uint64_t stopped_at;	 /* file offset of the first byte that is no whole record */
	const char *stopped_why; /* NULL: at its end */
};

void perf_stream_init(struct perf_stream *s, const struct perf_file *f, uint64_t begin,
		      uint64_t end, uint64_t order);
void perf_stream_release(struct perf_stream *s);
PGO_DEFINE_AUTO(perf_stream, perf_stream_release)
/*
 * 1 and the next record, 0 at the end, stopped_why telling when that is not where it
 * should be, or an error: -PGO_EFORMAT with the offset for a record without size or a
 * damaged compressed one, -PGO_EIO.
 */
int perf_stream_next(struct perf_stream *s, struct perf_record *ret, struct pgo_err *err);

/* A cursor behind the header of r. */
struct cursor perf_record_cursor(const struct perf_file *f, const struct perf_record *r);

/* Read the header, the attributes and what stands around the data. */
int perf_file_open(struct perf_file *f, const char *path, struct samples *out, struct pgo_err *err);
void perf_file_release(struct perf_file *f);
PGO_DEFINE_AUTO(perf_file, perf_file_release)
/* Build ids and names behind the data; called once all mappings are known. */
int perf_file_features(struct perf_file *f, struct pgo_err *err);
/* One feature's section: those of no use here are passed over. */
void perf_feature(struct perf_file *f, unsigned feature, struct cursor c);
/* One build-id record, header and all. */
void perf_build_id(struct perf_file *f, struct cursor c);

/* A perf_event_attr of at most size bytes; the tail that is not known is skipped. */
int perf_attr_read(struct perf_file *f, struct cursor c, struct perf_attr *ret,
		   struct pgo_err *err);
void perf_attr_add(struct perf_file *f, const struct perf_attr *a);
void perf_id_add(struct perf_file *f, uint64_t id, size_t attr);
/* The attr of an id, or -1. */
long perf_id_find(const struct perf_file *f, uint64_t id);
/* Name the event of an attr. */
void perf_attr_name(struct perf_file *f, size_t attr, const char *name);
/* A bit field of a 64-bit word as the first bit declared is bit 0, in any byte order. */
uint64_t perf_bits(const struct perf_file *f, uint64_t word);

/* The first pass: everything but samples. Fills attrs, sides, maps, splits and losses. */
int perf_scan(struct perf_file *f, struct pgo_err *err);
/* The second pass over one part, into a tally of f->out's events. */
int perf_count(const struct perf_file *f, const struct perf_split *begin,
	       const struct perf_split *end, const struct samples_opts *opts,
	       struct sample_tally *tally, struct pgo_err *err);

#endif
