/* SPDX-License-Identifier: Apache-2.0 */
/* perf.data: the header, and the sections around the data. */
#include "profiles/perf-file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "PERFILE2"
#define MAGIC_OLD "PERFFILE"
#define MAGIC_SWAPPED "2ELIFREP"
#define HEADER_BYTES 104
#define PIPE_HEADER_BYTES 16
#define FEATURE_BUILD_ID 2
#define FEATURE_VERSION 5
#define FEATURE_ARCH 6
#define FEATURE_CMDLINE 11
#define FEATURE_EVENT_DESC 12
#define NR_FEATURES 256
#define MAX_SECTION (UINT64_C(1) << 30)
/* A compiler's build of a whole system has some thousand; more are no events. */
#define MAX_ATTRS 65536

bool perf_data_is_head(const uint8_t *head, size_t len)
{
	return len >= 8 && (!memcmp(head, MAGIC, 8) || !memcmp(head, MAGIC_OLD, 8) ||
			    !memcmp(head, MAGIC_SWAPPED, 8));
}

/* A section in memory, with a cursor over it. */
struct section {
	uint8_t *data;
	struct cursor c;
};
static void section_release(struct section *s)
{
	free(s->data);
}
PGO_DEFINE_AUTO(section, section_release)

static int read_section(struct perf_file *f, uint64_t offset, uint64_t size, const char *what,
			struct section *ret, struct pgo_err *err)
{
	size_t got = 0;

	if (offset > f->size_bytes || size > f->size_bytes - offset || size > MAX_SECTION)
		return pgo_error_at(err, PGO_EFORMAT, f->path, (int64_t)offset,
				    "'%s' is truncated or corrupt: %s of %" PRIu64
				    " bytes at byte %" PRIu64 ", but the file has %" PRIu64,
				    f->path, what, size, offset, f->size_bytes);
	ret->data = xmalloc((size_t)size + 1);
	while (got < size) {
		ssize_t n = pread(f->fd, ret->data + got, (size_t)size - got,
				  (off_t)(offset + got));

		if (n <= 0)
			return pgo_error_errno(err, "cannot read '%s'", f->path);
		got += (size_t)n;
	}
	cursor_init(&ret->c, f->path, ret->data, (size_t)size);
	ret->c.base = offset;
	ret->c.swap = f->swap;
	return 0;
}

struct span {
	uint64_t offset, size;
};

static struct span take_span(struct cursor *c, const char *what)
{
	struct span s;

	s.offset = cursor_u64(c, what);
	s.size = cursor_u64(c, what);
	return s;
}

static int read_ids(struct perf_file *f, struct span ids, size_t attr, struct pgo_err *err)
{
	PGO_AUTO(section) s = { 0 };
	int ret = read_section(f, ids.offset, ids.size, "ids of an event", &s, err);

	while (!ret && cursor_left(&s.c) >= 8)
		perf_id_add(f, cursor_u64(&s.c, "id"), attr);
	return ret;
}

/* Each entry is an attr, of whatever size its perf had, and where its ids are. */
static int read_attrs(struct perf_file *f, struct span attrs, uint64_t entry_bytes,
		      struct pgo_err *err)
{
	PGO_AUTO(section) s = { 0 };
	int ret = read_section(f, attrs.offset, attrs.size, "events", &s, err);

	if (ret)
		return ret;
	if (entry_bytes < PERF_ATTR_SIZE_VER0 + 16 || attrs.size / entry_bytes > MAX_ATTRS)
		return pgo_error_at(err, PGO_EFORMAT, f->path, 16,
				    "'%s' is corrupt: events of %" PRIu64 " bytes each", f->path,
				    entry_bytes);
	while (!ret && cursor_left(&s.c) >= entry_bytes) {
		struct cursor c = cursor_sub(&s.c, entry_bytes, "event"), ids = c;
		struct perf_attr a;

		cursor_skip(&ids, entry_bytes - 16, "event");
		c.end -= 16;
		ret = perf_attr_read(f, c, &a, err);
		if (ret)
			return ret;
		perf_attr_add(f, &a);
		ret = read_ids(f, take_span(&ids, "ids of an event"), f->nr_attrs - 1, err);
	}
	return ret;
}

/* Where the data are, and how much of it is missing. */
static void place_data(struct perf_file *f, struct span data)
{
	uint64_t there = data.offset < f->size_bytes ? f->size_bytes - data.offset : 0;

	f->data_begin = data.offset < f->size_bytes ? data.offset : f->size_bytes;
	if (!data.size) {
		f->data_end = f->size_bytes;
		f->out->truncated = true;
		samples_warn(f->out,
			     "the recorder did not come to its end: there are no build ids");
		return;
	}
	f->data_end = f->data_begin + (data.size < there ? data.size : there);
	if (data.size <= there)
		return;
	f->out->truncated = true;
	f->out->bytes_unread += data.size - there;
	samples_warn(f->out,
		     "the file is cut: %" PRIu64 " of %" PRIu64 " bytes of data are missing",
		     data.size - there, data.size);
}

static int read_header(struct perf_file *f, struct pgo_err *err)
{
	PGO_AUTO(section) s = { 0 };
	struct span attrs, data;
	uint64_t size, entry_bytes;
	int ret = read_section(f, 0, f->size_bytes < HEADER_BYTES ? f->size_bytes : HEADER_BYTES,
			       "header", &s, err);

	if (ret)
		return ret;
	if (!perf_data_is_head(s.data, (size_t)(s.c.end - s.c.start)))
		return pgo_error_at(err, PGO_EFORMAT, f->path, 0, "'%s' is no recording of perf",
				    f->path);
	/* A version 1 magic has no byte order: its size field tells. */
	cursor_skip(&s.c, 8, "magic");
	size = cursor_u64(&s.c, "size of the header");
	f->swap = s.data[0] == '2' || (s.data[4] == 'F' && size > UINT32_MAX);
	s.c.swap = f->swap;
	if (f->swap)
		size = __builtin_bswap64(size);
	f->pipe = size == PIPE_HEADER_BYTES;
	if (f->pipe) {
		f->data_begin = PIPE_HEADER_BYTES;
		f->data_end = f->size_bytes;
		return cursor_check(&s.c, err);
	}
	entry_bytes = cursor_u64(&s.c, "size of an event");
	attrs = take_span(&s.c, "place of the events");
	data = take_span(&s.c, "place of the data");
	take_span(&s.c, "place of the event types");
	if (cursor_check(&s.c, err))
		return -PGO_EFORMAT;
	place_data(f, data);
	return read_attrs(f, attrs, entry_bytes, err);
}

/* struct perf_header_string: a length, and a text that ends with NULs. */
static const char *take_string(struct cursor *c)
{
	uint32_t len = cursor_u32(c, "length of a text");
	const uint8_t *p = cursor_bytes(c, len, "text");

	return p && len && !p[len - 1] ? (const char *)p : "";
}

static const char *keep(struct perf_file *f, const char *text)
{
	return arena_strdup(&f->out->arena, text);
}

static void feature_cmdline(struct perf_file *f, struct cursor *c)
{
	PGO_AUTO(strbuf) line = STRBUF_INIT;
	uint32_t nr = cursor_u32(c, "words of the command");

	for (uint32_t i = 0; i < nr && !c->bad && cursor_left(c); i++)
		strbuf_addf(&line, "%s%s", i ? " " : "", take_string(c));
	f->out->command = keep(f, line.buf);
}

/* nr, size, then for each: the attr, the number of its ids, its name, the ids. */
static void feature_event_desc(struct perf_file *f, struct cursor *c)
{
	uint32_t nr = cursor_u32(c, "number of events"), size = cursor_u32(c, "size of an event");

	for (uint32_t i = 0; i < nr && !c->bad; i++) {
		uint32_t nr_ids;
		const char *name;

		cursor_skip(c, size, "event");
		nr_ids = cursor_u32(c, "number of ids");
		name = take_string(c);
		if (c->bad)
			break;
		perf_attr_name(f, i, name);
		if (!cursor_fits(c, nr_ids, 8, "ids"))
			break;
		for (uint32_t j = 0; j < nr_ids; j++) {
			uint64_t id = cursor_u64(c, "id");

			if (i < f->nr_attrs && perf_id_find(f, id) < 0)
				perf_id_add(f, id, i);
		}
	}
}

void perf_build_id(struct perf_file *f, struct cursor c)
{
	uint16_t misc, size;
	const uint8_t *id;
	size_t nr = SAMPLE_BUILD_ID_MAX;
	PGO_AUTO_FREE char *name = NULL;

	cursor_u32(&c, "type");
	misc = cursor_u16(&c, "misc");
	size = cursor_u16(&c, "size");
	cursor_u32(&c, "pid");
	id = cursor_bytes(&c, 24, "build id");
	if (c.bad || size < 36)
		return;
	if (misc & 1 << 15 && id[20] && id[20] <= SAMPLE_BUILD_ID_MAX)
		nr = id[20];
	name = xstrndup((const char *)c.pos, strnlen((const char *)c.pos, cursor_left(&c)));
	samples_set_build_id(f->out, name, id, nr);
}

static void feature_build_ids(struct perf_file *f, struct cursor *c)
{
	while (cursor_left(c) >= 36) {
		struct cursor at = *c;
		uint16_t size;

		cursor_skip(&at, 6, "build id");
		size = cursor_u16(&at, "size of a build id");
		if (size < 36)
			break;
		perf_build_id(f, cursor_sub(c, size, "build id"));
	}
}

void perf_feature(struct perf_file *f, unsigned feature, struct cursor c)
{
	if (feature == FEATURE_BUILD_ID)
		feature_build_ids(f, &c);
	else if (feature == FEATURE_VERSION)
		f->out->version = keep(f, take_string(&c));
	else if (feature == FEATURE_ARCH)
		f->out->arch = keep(f, take_string(&c));
	else if (feature == FEATURE_CMDLINE)
		feature_cmdline(f, &c);
	else if (feature == FEATURE_EVENT_DESC)
		feature_event_desc(f, &c);
	if (c.bad)
		samples_warn(f->out, "feature %u at byte %" PRIu64 " is damaged: %s", feature,
			     c.bad_offset, c.bad_what);
}

/* Behind the data: for each bit set in the header, where its section is. */
int perf_file_features(struct perf_file *f, struct pgo_err *err)
{
	PGO_AUTO(section) head = { 0 };
	uint64_t at = f->data_end, word = 0;
	int ret;

	if (f->pipe || f->out->truncated)
		return 0;
	ret = read_section(f, 72, 32, "header", &head, err);
	for (unsigned i = 0; !ret && i < NR_FEATURES; i++) {
		PGO_AUTO(section) entry = { 0 };
		PGO_AUTO(section) body = { 0 };
		struct span span;

		if (i % 64 == 0)
			word = cursor_u64(&head.c, "features");
		if (!(word >> i % 64 & 1))
			continue;
		/* A damaged one costs names and build ids, not the samples. */
		if (read_section(f, at, 16, "place of a feature", &entry, NULL)) {
			samples_warn(f->out, "the features behind the data are cut off");
			break;
		}
		at += 16;
		span = take_span(&entry.c, "place of a feature");
		if (i != FEATURE_BUILD_ID && i != FEATURE_VERSION && i != FEATURE_ARCH &&
		    i != FEATURE_CMDLINE && i != FEATURE_EVENT_DESC)
			continue;
		if (read_section(f, span.offset, span.size, "feature", &body, NULL))
			samples_warn(f->out, "feature %u is not within the file", i);
		else
			perf_feature(f, i, body.c);
	}
	return ret;
}

int perf_file_open(struct perf_file *f, const char *path, struct samples *out, struct pgo_err *err)
{
	struct stat st;

	*f = (struct perf_file){ .path = path, .out = out, .maps = SAMPLE_MAPS_INIT };
	f->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0 || fstat(f->fd, &st))
		return pgo_error_errno(err, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return pgo_error(err, PGO_EUSAGE, "'%s' is no regular file: save it first", path);
	f->size_bytes = (uint64_t)st.st_size;
	return read_header(f, err);
}

void perf_file_release(struct perf_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->attrs);
	free(f->ids);
	free(f->sides);
	free(f->splits);
	sample_maps_release(&f->maps);
	f->fd = -1;
}
