/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/perf-make.h"

#include <zstd.h>

#define FLUSH_BYTES (1u << 20)
#define HEADER_BYTES 104
#define FLAG_SAMPLE_ID_ALL (UINT64_C(1) << 18)
#define FEATURE_BUILD_ID 2
#define FEATURE_ARCH 6

void perf_make_u16(const struct perf_make *m, struct strbuf *sb, uint16_t v)
{
	v = m->swap ? __builtin_bswap16(v) : v;
	strbuf_add(sb, &v, sizeof(v));
}

void perf_make_u32(const struct perf_make *m, struct strbuf *sb, uint32_t v)
{
	v = m->swap ? __builtin_bswap32(v) : v;
	strbuf_add(sb, &v, sizeof(v));
}

void perf_make_u64(const struct perf_make *m, struct strbuf *sb, uint64_t v)
{
	v = m->swap ? __builtin_bswap64(v) : v;
	strbuf_add(sb, &v, sizeof(v));
}

/* A word of bit fields, as a compiler of the other byte order lays them out. */
static uint64_t bits(const struct perf_make *m, uint64_t v)
{
	uint64_t r = 0;

	for (unsigned i = 0; i < 64; i++)
		r |= (v >> i & 1) << (63 - i);
	return m->swap ? r : v;
}

static uint64_t at(const struct perf_make *m)
{
	return m->flushed + m->out.len;
}

static void flush(struct perf_make *m, size_t above)
{
	if (!m->file || m->out.len <= above)
		return;
	if (fwrite(m->out.buf, 1, m->out.len, m->file) != m->out.len)
		abort();
	m->flushed += m->out.len;
	strbuf_clear(&m->out);
}

static void add_zeros(struct strbuf *sb, size_t nr)
{
	while (nr--)
		strbuf_addch(sb, 0);
}

static void add_attr(const struct perf_make *m, struct strbuf *sb)
{
	size_t begin = sb->len;

	perf_make_u32(m, sb, PERF_TYPE_HARDWARE);
	perf_make_u32(m, sb, m->attr_bytes);
	perf_make_u64(m, sb, PERF_COUNT_HW_CPU_CYCLES);
	perf_make_u64(m, sb, 4000);
	perf_make_u64(m, sb, m->sample_type);
	perf_make_u64(m, sb, m->read_format);
	perf_make_u64(m, sb, bits(m, m->no_sample_id ? 0 : FLAG_SAMPLE_ID_ALL));
	add_zeros(sb, 24); /* wakeup, breakpoint, config1, config2 */
	perf_make_u64(m, sb, m->branch_type);
	perf_make_u64(m, sb, m->regs_user);
	add_zeros(sb, 8);
	perf_make_u64(m, sb, m->regs_intr);
	while (sb->len - begin < m->attr_bytes)
		strbuf_addch(sb, m->attr_fill);
	strbuf_setlen(sb, begin + m->attr_bytes);
}

static void add_ids(const struct perf_make *m, struct strbuf *sb, unsigned attr)
{
	perf_make_u64(m, sb, 100 * attr + 10);
	perf_make_u64(m, sb, 100 * attr + 11);
}

static void add_file_head(struct perf_make *m)
{
	uint64_t ids = HEADER_BYTES, attrs = ids + 16 * (uint64_t)m->nr_attrs;

	add_zeros(&m->out, HEADER_BYTES);
	for (unsigned i = 0; i < m->nr_attrs; i++)
		add_ids(m, &m->out, i);
	for (unsigned i = 0; i < m->nr_attrs; i++) {
		add_attr(m, &m->out);
		perf_make_u64(m, &m->out, ids + 16 * (uint64_t)i);
		perf_make_u64(m, &m->out, 16);
	}
	m->data_begin = attrs + m->nr_attrs * (m->attr_bytes + UINT64_C(16));
}

void perf_make_begin(struct perf_make *m)
{
	if (!m->pipe) {
		add_file_head(m);
		return;
	}
	strbuf_add(&m->out, m->swap ? "2ELIFREP" : "PERFILE2", 8);
	perf_make_u64(m, &m->out, 16);
	m->data_begin = 16;
	for (unsigned i = 0; i < m->nr_attrs; i++) {
		struct strbuf body = STRBUF_INIT;

		add_attr(m, &body);
		add_ids(m, &body, i);
		perf_make_record(m, 64, 0, &body);
		strbuf_release(&body);
	}
}

void perf_make_record(struct perf_make *m, uint32_t type, uint16_t misc, const struct strbuf *body)
{
	size_t size = (8 + body->len + 7) & ~(size_t)7;

	perf_make_u32(m, &m->out, type);
	perf_make_u16(m, &m->out, misc);
	perf_make_u16(m, &m->out, (uint16_t)size);
	strbuf_add(&m->out, body->buf, body->len);
	add_zeros(&m->out, size - 8 - body->len);
	flush(m, FLUSH_BYTES);
}

/* A text with its NUL, padded to 8. */
static void add_text(struct strbuf *sb, const char *text)
{
	size_t len = strlen(text) + 1;

	strbuf_add(sb, text, len);
	add_zeros(sb, -len & 7);
}

/* struct sample_id at the end of a record. */
static void add_trailer(const struct perf_make *m, struct strbuf *sb, uint32_t pid, uint64_t time)
{
	uint64_t t = m->no_sample_id ? 0 : m->sample_type;

	if (t & PERF_SAMPLE_TID) {
		perf_make_u32(m, sb, pid);
		perf_make_u32(m, sb, pid);
	}
	if (t & PERF_SAMPLE_TIME)
		perf_make_u64(m, sb, time);
	if (t & PERF_SAMPLE_ID)
		perf_make_u64(m, sb, 10);
	if (t & PERF_SAMPLE_STREAM_ID)
		perf_make_u64(m, sb, 10);
	if (t & PERF_SAMPLE_CPU)
		perf_make_u64(m, sb, 0);
	if (t & PERF_SAMPLE_IDENTIFIER)
		perf_make_u64(m, sb, 10);
}

static void add_mapping(const struct perf_make *m, struct strbuf *sb, uint32_t pid, uint64_t start,
			uint64_t len, uint64_t pgoff)
{
	perf_make_u32(m, sb, pid);
	perf_make_u32(m, sb, pid);
	perf_make_u64(m, sb, start);
	perf_make_u64(m, sb, len);
	perf_make_u64(m, sb, pgoff);
}

void perf_make_mmap(struct perf_make *m, uint32_t pid, uint64_t time, uint64_t start, uint64_t len,
		    uint64_t pgoff, const char *path)
{
	PGO_AUTO(strbuf) body = STRBUF_INIT;

	add_mapping(m, &body, pid, start, len, pgoff);
	add_text(&body, path);
	add_trailer(m, &body, pid, time);
	perf_make_record(m, PERF_RECORD_MMAP, PERF_RECORD_MISC_USER, &body);
}

void perf_make_mmap2(struct perf_make *m, uint32_t pid, uint64_t time, uint64_t start, uint64_t len,
		     uint64_t pgoff, const char *path, const uint8_t *build_id)
{
	PGO_AUTO(strbuf) body = STRBUF_INIT;
	uint16_t misc = PERF_RECORD_MISC_USER;

	add_mapping(m, &body, pid, start, len, pgoff);
	if (build_id) {
		misc |= PERF_RECORD_MISC_MMAP_BUILD_ID;
		strbuf_addch(&body, 20);
		add_zeros(&body, 3);
		strbuf_add(&body, build_id, 20);
	} else {
		perf_make_u32(m, &body, 8);
		perf_make_u32(m, &body, 1);
		perf_make_u64(m, &body, 7);
		perf_make_u64(m, &body, 0);
	}
	perf_make_u32(m, &body, 5); /* PROT_READ | PROT_EXEC */
	perf_make_u32(m, &body, 2); /* MAP_PRIVATE */
	add_text(&body, path);
	add_trailer(m, &body, pid, time);
	perf_make_record(m, PERF_RECORD_MMAP2, misc, &body);
}

void perf_make_comm(struct perf_make *m, uint32_t pid, uint64_t time, const char *name, bool exec)
{
	PGO_AUTO(strbuf) body = STRBUF_INIT;

	perf_make_u32(m, &body, pid);
	perf_make_u32(m, &body, pid);
	add_text(&body, name);
	add_trailer(m, &body, pid, time);
	perf_make_record(m, PERF_RECORD_COMM, exec ? PERF_RECORD_MISC_COMM_EXEC : 0, &body);
}

void perf_make_fork(struct perf_make *m, uint32_t pid, uint32_t parent, uint64_t time)
{
	PGO_AUTO(strbuf) body = STRBUF_INIT;

	perf_make_u32(m, &body, pid);
	perf_make_u32(m, &body, parent);
	perf_make_u32(m, &body, pid);
	perf_make_u32(m, &body, parent);
	perf_make_u64(m, &body, time);
	add_trailer(m, &body, pid, time);
	perf_make_record(m, PERF_RECORD_FORK, 0, &body);
}

/* Two counters, with whatever read_format asks for. */
static void add_read(const struct perf_make *m, struct strbuf *sb)
{
	const uint64_t times = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
	uint64_t f = m->read_format, nr = f & PERF_FORMAT_GROUP ? 2 : 1;

	if (f & PERF_FORMAT_GROUP)
		perf_make_u64(m, sb, nr);
	else
		perf_make_u64(m, sb, 1234);
	add_zeros(sb, 8 * (size_t)__builtin_popcountll(f & times));
	for (uint64_t i = 0; i < nr; i++) {
		if (f & PERF_FORMAT_GROUP)
			perf_make_u64(m, sb, 1234);
		if (f & PERF_FORMAT_ID)
			perf_make_u64(m, sb, 10);
		if (f & PERF_FORMAT_LOST)
			perf_make_u64(m, sb, 0);
	}
}

static void add_fixed(const struct perf_make *m, struct strbuf *sb,
		      const struct perf_make_sample *s)
{
	uint64_t t = m->sample_type;

	if (t & PERF_SAMPLE_IDENTIFIER)
		perf_make_u64(m, sb, s->id);
	if (t & PERF_SAMPLE_IP)
		perf_make_u64(m, sb, s->ip);
	if (t & PERF_SAMPLE_TID) {
		perf_make_u32(m, sb, s->pid);
		perf_make_u32(m, sb, s->tid);
	}
	if (t & PERF_SAMPLE_TIME)
		perf_make_u64(m, sb, s->time);
	if (t & PERF_SAMPLE_ADDR)
		perf_make_u64(m, sb, 0xabcdef);
	if (t & PERF_SAMPLE_ID)
		perf_make_u64(m, sb, s->id);
	if (t & PERF_SAMPLE_STREAM_ID)
		perf_make_u64(m, sb, 77);
	if (t & PERF_SAMPLE_CPU)
		perf_make_u64(m, sb, 1);
	if (t & PERF_SAMPLE_PERIOD)
		perf_make_u64(m, sb, s->period);
	if (t & PERF_SAMPLE_READ)
		add_read(m, sb);
}

static void add_branches(const struct perf_make *m, struct strbuf *sb,
			 const struct perf_make_sample *s)
{
	perf_make_u64(m, sb, s->nr_branches);
	if (m->branch_type & UINT64_C(1) << 17)
		perf_make_u64(m, sb, UINT64_MAX);
	for (uint64_t i = 0; i < s->nr_branches; i++) {
		perf_make_u64(m, sb, s->branches[i].from);
		perf_make_u64(m, sb, s->branches[i].to);
		perf_make_u64(m, sb, bits(m, s->branches[i].mispredicted ? 1 : 2));
	}
	for (uint64_t i = 0; m->branch_type & UINT64_C(1) << 19 && i < s->nr_branches; i++)
		perf_make_u64(m, sb, i);
}

static void add_regs(const struct perf_make *m, struct strbuf *sb, uint64_t mask)
{
	perf_make_u64(m, sb, PERF_SAMPLE_REGS_ABI_64);
	add_zeros(sb, 8 * (size_t)__builtin_popcountll(mask));
}

/* What stands behind the branch stack. */
static void add_rest(const struct perf_make *m, struct strbuf *sb)
{
	static const uint64_t words[] = {
		PERF_SAMPLE_WEIGHT | PERF_SAMPLE_WEIGHT_STRUCT,
		PERF_SAMPLE_DATA_SRC,
		PERF_SAMPLE_TRANSACTION,
	};
	static const uint64_t late[] = { PERF_SAMPLE_PHYS_ADDR, PERF_SAMPLE_CGROUP,
					 PERF_SAMPLE_DATA_PAGE_SIZE, PERF_SAMPLE_CODE_PAGE_SIZE };
	uint64_t t = m->sample_type;

	if (t & PERF_SAMPLE_REGS_USER)
		add_regs(m, sb, m->regs_user);
	if (t & PERF_SAMPLE_STACK_USER) {
		perf_make_u64(m, sb, 16);
		add_zeros(sb, 16);
		perf_make_u64(m, sb, 8);
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (t & words[i])
			perf_make_u64(m, sb, 5);
	if (t & PERF_SAMPLE_REGS_INTR)
		add_regs(m, sb, m->regs_intr);
	for (size_t i = 0; i < ARRAY_SIZE(late); i++)
		if (t & late[i])
			perf_make_u64(m, sb, 6);
	if (t & PERF_SAMPLE_AUX) {
		perf_make_u64(m, sb, 8);
		perf_make_u64(m, sb, 0xa0a0);
	}
}

void perf_make_sample(struct perf_make *m, const struct perf_make_sample *s)
{
	PGO_AUTO(strbuf) body = STRBUF_INIT;
	uint64_t t = m->sample_type;

	add_fixed(m, &body, s);
	if (t & PERF_SAMPLE_CALLCHAIN) {
		perf_make_u64(m, &body, s->nr_chain);
		for (uint64_t i = 0; i < s->nr_chain; i++)
			perf_make_u64(m, &body, s->chain[i]);
	}
	if (t & PERF_SAMPLE_RAW) {
		perf_make_u32(m, &body, 12);
		add_zeros(&body, 12);
	}
	if (t & PERF_SAMPLE_BRANCH_STACK)
		add_branches(m, &body, s);
	add_rest(m, &body);
	perf_make_record(m, PERF_RECORD_SAMPLE, s->misc ? s->misc : PERF_RECORD_MISC_USER, &body);
}

void perf_make_compress(struct perf_make *m, uint32_t type, size_t chunk)
{
	PGO_AUTO(strbuf) data = STRBUF_INIT;
	size_t begin = (size_t)m->data_begin, room = ZSTD_compressBound(m->out.len) + 1024;
	PGO_AUTO_FREE uint8_t *packed = xmalloc(room);
	ZSTD_CStream *z = ZSTD_createCStream();

	strbuf_add(&data, m->out.buf + begin, m->out.len - begin);
	strbuf_setlen(&m->out, begin);
	ZSTD_initCStream(z, 1);
	for (size_t i = 0; i < data.len; i += chunk) {
		size_t n = data.len - i < chunk ? data.len - i : chunk;
		ZSTD_inBuffer in = { data.buf + i, n, 0 };
		ZSTD_outBuffer out = { packed, room, 0 };
		PGO_AUTO(strbuf) body = STRBUF_INIT;

		ZSTD_compressStream(z, &out, &in);
		ZSTD_flushStream(z, &out);
		if (type == 83)
			perf_make_u64(m, &body, out.pos);
		strbuf_add(&body, packed, out.pos);
		if (type == 83) {
			perf_make_record(m, type, 0, &body);
			continue;
		}
		/* Type 81 has its very length, and what follows is not aligned. */
		perf_make_u32(m, &m->out, type);
		perf_make_u16(m, &m->out, 0);
		perf_make_u16(m, &m->out, (uint16_t)(8 + body.len));
		strbuf_add(&m->out, body.buf, body.len);
	}
	ZSTD_freeCStream(z);
}

void perf_make_build_id(struct perf_make *m, const char *path, const uint8_t *build_id)
{
	size_t padded = (strlen(path) + 1 + 63) & ~(size_t)63, begin = m->build_ids.len;

	perf_make_u32(m, &m->build_ids, 0);
	perf_make_u16(m, &m->build_ids, PERF_RECORD_MISC_USER | 1 << 15);
	perf_make_u16(m, &m->build_ids, (uint16_t)(36 + padded));
	perf_make_u32(m, &m->build_ids, UINT32_MAX);
	strbuf_add(&m->build_ids, build_id, 20);
	strbuf_addch(&m->build_ids, 20);
	add_zeros(&m->build_ids, 3);
	strbuf_addstr(&m->build_ids, path);
	add_zeros(&m->build_ids, begin + 36 + padded - m->build_ids.len);
}

/* Two features: their sections' places, then the sections. */
static uint64_t add_features(struct perf_make *m)
{
	PGO_AUTO(strbuf) arch = STRBUF_INIT;
	uint64_t features = 0, body = at(m);

	if (m->build_ids.len)
		features |= UINT64_C(1) << FEATURE_BUILD_ID;
	if (m->arch) {
		features |= UINT64_C(1) << FEATURE_ARCH;
		perf_make_u32(m, &arch, 64);
		strbuf_addstr(&arch, m->arch);
		add_zeros(&arch, 4 + 64 - arch.len);
	}
	body += 16 * (uint64_t)__builtin_popcountll(features);
	if (m->build_ids.len) {
		perf_make_u64(m, &m->out, body);
		perf_make_u64(m, &m->out, m->build_ids.len);
	}
	if (m->arch) {
		perf_make_u64(m, &m->out, body + m->build_ids.len);
		perf_make_u64(m, &m->out, arch.len);
	}
	strbuf_add(&m->out, m->build_ids.buf, m->build_ids.len);
	strbuf_add(&m->out, arch.buf, arch.len);
	return features;
}

void perf_make_end(struct perf_make *m)
{
	PGO_AUTO(strbuf) head = STRBUF_INIT;
	uint64_t entry = m->attr_bytes + UINT64_C(16), attrs = m->nr_attrs * entry;

	m->data_end = at(m);
	if (!m->pipe) {
		strbuf_add(&head, m->swap ? "2ELIFREP" : "PERFILE2", 8);
		perf_make_u64(m, &head, HEADER_BYTES);
		perf_make_u64(m, &head, entry);
		perf_make_u64(m, &head, m->data_begin - attrs);
		perf_make_u64(m, &head, attrs);
		perf_make_u64(m, &head, m->data_begin);
		perf_make_u64(m, &head, m->data_end - m->data_begin);
		add_zeros(&head, 16);
		perf_make_u64(m, &head, add_features(m));
		add_zeros(&head, HEADER_BYTES - head.len);
	}
	flush(m, 0);
	if (!head.len)
		return;
	if (!m->file)
		memcpy(m->out.buf, head.buf, head.len);
	else if (fseek(m->file, 0, SEEK_SET) || fwrite(head.buf, 1, head.len, m->file) != head.len)
		abort();
}

void perf_make_release(struct perf_make *m)
{
	strbuf_release(&m->out);
	strbuf_release(&m->build_ids);
}
