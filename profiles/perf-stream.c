/* SPDX-License-Identifier: Apache-2.0 */
/* perf.data: records out of a file, packed or not, in bounded memory. */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>
#include <zstd.h>

#include "profiles/perf-file.h"

#define HEADER_BYTES 8
#define RECORD_MAX 65536
/* Holds several of the largest records and stays in the second-level cache. */
#define BUF_BYTES (4 * RECORD_MAX)

void perf_stream_init(struct perf_stream *s, const struct perf_file *f, uint64_t begin,
		      uint64_t end, uint64_t order)
{
	*s = (struct perf_stream){ .f = f, .next = begin, .end = end, .order = order };
	s->buf = xmalloc(BUF_BYTES);
	s->buf_offset = begin;
	s->stopped_at = begin;
}

void perf_stream_release(struct perf_stream *s)
{
	free(s->buf);
	free(s->out);
	ZSTD_freeDCtx(s->zstd);
	s->buf = s->out = NULL;
	s->zstd = NULL;
}

struct cursor perf_record_cursor(const struct perf_file *f, const struct perf_record *r)
{
	struct cursor c;

	cursor_init(&c, f->path, r->data, r->size);
	c.base = r->offset;
	c.swap = f->swap;
	cursor_skip(&c, HEADER_BYTES, "header");
	return c;
}

/* Have at least want bytes from s->at on in the buffer, as far as the part has them. */
static int load(struct perf_stream *s, size_t want, struct pgo_err *err)
{
	if (s->len - s->at >= want || s->next == s->end)
		return 0;
	memmove(s->buf, s->buf + s->at, s->len - s->at);
	s->buf_offset += s->at;
	s->len -= s->at;
	s->at = 0;
	while (s->len < BUF_BYTES && s->next < s->end) {
		size_t room = BUF_BYTES - s->len;
		ssize_t n;

		if (room > s->end - s->next)
			room = (size_t)(s->end - s->next);
		n = pread(s->f->fd, s->buf + s->len, room, (off_t)s->next);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pgo_error_errno(err, "cannot read '%s'", s->f->path);
		if (!n) {
			s->end = s->next; /* it has been cut since it was opened */
			break;
		}
		s->len += (size_t)n;
		s->next += (uint64_t)n;
	}
	return 0;
}

static uint16_t u16(const struct perf_file *f, const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return f->swap ? __builtin_bswap16(v) : v;
}

static uint32_t u32(const struct perf_file *f, const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return f->swap ? __builtin_bswap32(v) : v;
}

static uint64_t u64(const struct perf_file *f, const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return f->swap ? __builtin_bswap64(v) : v;
}

static void take_header(const struct perf_file *f, const uint8_t *p, struct perf_record *r)
{
	r->data = p;
	r->type = u32(f, p);
	r->misc = u16(f, p + 4);
	r->size = u16(f, p + 6);
}

static int no_size(const struct perf_stream *s, const struct perf_record *r, uint64_t offset,
		   struct pgo_err *err)
{
	int ret = pgo_error_at(err, PGO_EFORMAT, s->f->path, (int64_t)offset,
			       "'%s' is corrupt at byte %" PRIu64 ": a record of size %u",
			       s->f->path, offset, (unsigned)r->size);

	pgo_err_hint(err, "record again, or cut the file there: head -c %" PRIu64 " '%s' >cut.data",
		     offset, s->f->path);
	return ret;
}

static int stop(struct perf_stream *s, uint64_t at, const char *why)
{
	s->stopped_at = at;
	s->stopped_why = why;
	s->at = s->len;
	s->next = s->end;
	return 0;
}

/*
 * perf writes to its pipe what it says to people, and others after it. Where the header
 * tells how long the data are, such bytes within are damage.
 */
static int no_record(struct perf_stream *s, const struct perf_record *r, uint64_t offset,
		     struct pgo_err *err)
{
	if (s->f->pipe || s->f->out->truncated)
		return stop(s, offset, "what follows are no records");
	return pgo_error_at(err, PGO_EFORMAT, s->f->path, (int64_t)offset,
			    "'%s' is corrupt at byte %" PRIu64 ": a record of type %" PRIu32,
			    s->f->path, offset, r->type);
}

/*
 * The bytes that are no record but belong to the one before: of a trace buffer, of
 * tracing data. Source: process_auxtrace and process_tracing_data of tools/perf.
 */
static uint64_t bytes_behind(const struct perf_file *f, const struct perf_record *r)
{
	if (r->type == PERF_TYPE_AUXTRACE && r->size >= 16)
		return u64(f, r->data + 8);
	if (r->type == PERF_TYPE_HEADER_TRACING_DATA && r->size >= 12)
		return ((uint64_t)u32(f, r->data + 8) + 7) & ~UINT64_C(7);
	return 0;
}

static int skip_behind(struct perf_stream *s, const struct perf_record *r)
{
	uint64_t behind = bytes_behind(s->f, r), there = s->len - s->at, left = s->end - s->next;

	if (behind <= there) {
		s->at += (size_t)behind;
		return 1;
	}
	if (behind - there > left) {
		stop(s, r->offset, "the recording ends within a trace");
		return 1;
	}
	s->next += behind - there;
	s->at = s->len = 0;
	s->buf_offset = s->next;
	return 1;
}

/* A compressed record says its length modulo 65536: perf 6.16 rounds it up past the field. */
static void fix_size(const struct perf_stream *s, struct perf_record *r)
{
	uint64_t full;

	if (r->type != PERF_TYPE_COMPRESSED2 || s->len - s->at < 16)
		return;
	full = (u64(s->f, r->data + 8) + 16 + 7) & ~UINT64_C(7);
	if (full == RECORD_MAX && !r->size)
		r->size = RECORD_MAX;
}

/* The next record as it stands in the file. */
static int next_stored(struct perf_stream *s, struct perf_record *r, struct pgo_err *err)
{
	int ret = load(s, HEADER_BYTES * 2, err);
	size_t left = s->len - s->at;
	uint64_t offset = s->buf_offset + s->at;

	if (ret)
		return ret;
	if (!left) {
		s->stopped_at = offset;
		return 0;
	}
	if (left < HEADER_BYTES)
		return stop(s, offset, "the recording ends within the header of a record");
	take_header(s->f, s->buf + s->at, r);
	r->offset = offset;
	if (r->type > PERF_TYPE_PLAUSIBLE)
		return no_record(s, r, offset, err);
	fix_size(s, r);
	if (r->size < HEADER_BYTES)
		return no_size(s, r, offset, err);
	ret = load(s, r->size, err);
	if (ret)
		return ret;
	if (s->len - s->at < r->size)
		return stop(s, offset, "the recording ends within a record");
	r->data = s->buf + s->at;
	s->at += r->size;
	return skip_behind(s, r);
}

static int begin_unpacking(struct perf_stream *s, const struct perf_record *r, struct pgo_err *err)
{
	size_t skip = r->type == PERF_TYPE_COMPRESSED2 ? 16 : HEADER_BYTES;
	uint64_t len = r->size - HEADER_BYTES;

	if (r->type == PERF_TYPE_COMPRESSED2)
		len = r->size < skip ? UINT64_MAX : u64(s->f, r->data + 8);
	if (r->size < skip || len > r->size - skip)
		return pgo_error_at(err, PGO_EFORMAT, s->f->path, (int64_t)r->offset,
				    "'%s' is corrupt at byte %" PRIu64
				    ": a compressed record shorter than it says",
				    s->f->path, r->offset);
	if (!s->zstd) {
		s->zstd = ZSTD_createDCtx();
		s->out = xmalloc(BUF_BYTES);
	}
	s->packed = r->data + skip;
	s->packed_len = (size_t)len;
	s->packed_offset = r->offset;
	return 0;
}

/* Unpack as much as there is room for. */
static int unpack(struct perf_stream *s, struct pgo_err *err)
{
	ZSTD_inBuffer in = { s->packed, s->packed_len, 0 };
	ZSTD_outBuffer out;
	size_t ret;

	memmove(s->out, s->out + s->out_at, s->out_len - s->out_at);
	s->out_len -= s->out_at;
	s->out_at = 0;
	out = (ZSTD_outBuffer){ s->out, BUF_BYTES, s->out_len };
	ret = ZSTD_decompressStream(s->zstd, &out, &in);
	if (ZSTD_isError(ret))
		return pgo_error_at(err, PGO_EFORMAT, s->f->path, (int64_t)s->packed_offset,
				    "'%s' is corrupt at byte %" PRIu64
				    ": a compressed record does not unpack: %s",
				    s->f->path, s->packed_offset, ZSTD_getErrorName(ret));
	s->packed += in.pos;
	s->packed_len -= in.pos;
	/* With room left, all input is taken and nothing is held back. */
	if (!s->packed_len && out.pos < out.size)
		s->packed = NULL;
	s->out_len = out.pos;
	return 0;
}

/* 1: a whole unpacked record; 0: more input is needed. */
static int next_unpacked(struct perf_stream *s, struct perf_record *r, struct pgo_err *err)
{
	for (;;) {
		size_t left = s->out_len - s->out_at;

		if (left >= HEADER_BYTES) {
			take_header(s->f, s->out + s->out_at, r);
			r->offset = s->packed_offset;
			if (r->size < HEADER_BYTES)
				return no_size(s, r, s->packed_offset, err);
			if (r->size <= left) {
				s->out_at += r->size;
				return 1;
			}
		}
		if (!s->packed)
			return 0;
		if (unpack(s, err))
			return -PGO_EFORMAT;
	}
}

static bool is_packed(const struct perf_record *r)
{
	return r->type == PERF_TYPE_COMPRESSED || r->type == PERF_TYPE_COMPRESSED2;
}

int perf_stream_next(struct perf_stream *s, struct perf_record *ret, struct pgo_err *err)
{
	int got;

	for (;;) {
		if (s->out) {
			got = next_unpacked(s, ret, err);
			if (got)
				break;
		}
		got = next_stored(s, ret, err);
		if (got <= 0 || !is_packed(ret))
			break;
		got = begin_unpacking(s, ret, err);
		if (got)
			return got;
	}
	if (got == 1)
		ret->order = s->order++;
	if (!got && s->out_len > s->out_at && !s->stopped_why) {
		s->stopped_at = s->buf_offset + s->at;
		s->stopped_why = "the recording ends within a compressed record";
	}
	return got;
}
