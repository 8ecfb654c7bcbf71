/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/llvm/decode.h"

#include <inttypes.h>

#include "profiles/llvm/raw.h"
#include "profiles/llvm/targets.h"

struct stamp {
	uint64_t time, name_ref;
};

struct decoder {
	const char *path;
	struct llvm_decoded *out;
	struct stamp *stamps;
	size_t nr_stamps, alloc_stamps;
	struct pgo_err *err;
};

/* One profile of the file at work. */
struct image {
	struct llvm_raw raw;
	struct llvm_targets targets;
	struct cursor values;
};

static void image_release(struct image *i)
{
	llvm_targets_release(&i->targets);
}
PGO_DEFINE_AUTO(image, image_release)

static int fault_at(const struct decoder *d, const struct llvm_raw *raw, const uint8_t *p,
		    const char *what, const struct shim_func *f)
{
	uint64_t offset = raw->offset + (uint64_t)(p - raw->start);

	return pgo_error_at(d->err, PGO_EFORMAT, d->path, (int64_t)offset,
			    "'%s' is corrupt at byte %" PRIu64 ": %s%s%.*s%s", d->path, offset,
			    what, f ? " of function '" : "", f ? (int)f->name_len : 0,
			    f ? f->name : "", f ? "'" : "");
}

static void add_stamp(struct decoder *d, uint64_t time, uint64_t name_ref)
{
	if (!time || time == UINT64_MAX)
		return;
	VEC_GROW(d->stamps, d->nr_stamps, d->alloc_stamps);
	d->stamps[d->nr_stamps++] = (struct stamp){ time, name_ref };
}

/* Counters are at least nr; a timestamp takes the place of the first, or of 8 bytes. */
static int decode_counts(struct decoder *d, const struct llvm_raw *raw,
			 const struct llvm_raw_func *f, struct shim_func *out)
{
	const uint8_t *p = raw->counters + f->counters, *end;
	uint64_t *counts = arena_alloc(&d->out->arena, f->nr_counters, sizeof(*counts));
	size_t nr = 0;

	end = p + (size_t)f->nr_counters * raw->counter_bytes;
	if (raw->variant & LLVM_VARIANT_TEMPORAL) {
		add_stamp(d, llvm_raw_u64(&raw->layout, p), f->name_ref);
		p += 8;
	}
	for (; p < end; p += raw->counter_bytes) {
		uint64_t count = raw->counter_bytes == 1 ? !*p : llvm_raw_u64(&raw->layout, p);

		if (count > LLVM_RAW_MAX_COUNT)
			return fault_at(d, raw, p, "an implausibly large counter", out);
		counts[nr++] = count;
	}
	if (!nr)
		return fault_at(d, raw, p, "no counter but a time", out);
	out->counts = counts;
	out->nr_counts = nr;
	return 0;
}

/* The sites of one kind. nr_values and values are of the whole function. */
static bool decode_kind(const struct image *im, struct cursor *c, struct shim_func *out,
			unsigned *last_kind, uint8_t **nr_values, struct shim_value **values)
{
	uint32_t kind = cursor_u32(c, "kind of values");
	uint32_t nr_sites = cursor_u32(c, "number of value sites");
	const uint8_t *counts = cursor_bytes(c, nr_sites, "counts of a value site");

	if (!counts || kind >= SHIM_NR_KINDS || kind < *last_kind)
		return false;
	*last_kind = kind + 1;
	out->nr_sites[kind] = nr_sites;
	cursor_skip(c, -(uint64_t)nr_sites % 8, "padding of value sites");
	for (uint32_t i = 0; i < nr_sites; i++) {
		*(*nr_values)++ = counts[i];
		for (unsigned n = counts[i]; n; n--) {
			uint64_t value = cursor_u64(c, "profiled value");

			*(*values)++ = (struct shim_value){
				llvm_target_of(&im->targets, kind, value),
				cursor_u64(c, "count of a profiled value"),
			};
		}
	}
	return !c->bad;
}

static int decode_values(struct decoder *d, struct image *im, struct shim_func *out)
{
	const uint8_t *at = im->values.pos;
	uint32_t size = cursor_u32(&im->values, "size of values");
	uint32_t nr_kinds = cursor_u32(&im->values, "number of kinds of values");
	struct cursor c = cursor_sub(&im->values, size - 8, "values");
	uint8_t *nr_values = arena_alloc(&d->out->arena, size, 1);
	struct shim_value *values = arena_alloc(&d->out->arena, size / 16 + 1, sizeof(*values));
	unsigned last_kind = 0;

	out->site_counts = nr_values;
	out->values = values;
	while (nr_kinds--)
		if (!decode_kind(im, &c, out, &last_kind, &nr_values, &values))
			return fault_at(d, &im->raw, at, "values", out);
	return 0;
}

static int decode_func(struct decoder *d, struct image *im, const struct llvm_names *names,
		       uint64_t i, struct shim_func *out)
{
	const uint8_t *record = im->raw.data + i * im->raw.layout.record_bytes;
	const struct llvm_name *name;
	struct llvm_raw_func f;
	int ret;

	llvm_raw_func(&im->raw, i, &f);
	name = llvm_names_find(names, f.name_ref);
	if (!name)
		return fault_at(d, &im->raw, record, "a function is not in the table of names",
				NULL);
	*out = (struct shim_func){ .name = name->name,
				   .name_len = name->len,
				   .hash = f.hash,
				   .bitmap = im->raw.bitmap + f.bitmap,
				   .nr_bitmap = f.bitmap_bytes };
	ret = decode_counts(d, &im->raw, &f, out);
	if (!ret && llvm_raw_has_sites(&f))
		ret = decode_values(d, im, out);
	return ret;
}

static void add_ids(struct decoder *d, const struct llvm_raw *raw)
{
	struct llvm_decoded *out = d->out;
	struct cursor c;

	cursor_init(&c, d->path, raw->ids, raw->ids_bytes);
	c.swap = raw->layout.swap;
	while (!cursor_at_end(&c)) {
		uint64_t len = cursor_u64(&c, "length of a binary id");
		const uint8_t *id = cursor_bytes(&c, len, "binary id");

		cursor_skip(&c, -len % 8, "padding of a binary id");
		if (c.bad)
			return;
		VEC_GROW(out->ids, out->batch.nr_ids, out->ids_alloc);
		out->ids[out->batch.nr_ids++] = (struct shim_bytes){ id, len };
	}
}

/* A profile's names, which live as long as the result. The pointer is valid until the next call. */
static int read_names(struct decoder *d, const struct llvm_raw *raw,
		      const struct llvm_names **ret_names)
{
	struct llvm_decoded *out = d->out;
	struct llvm_names *names;

	VEC_GROW(out->names, out->nr_names, out->names_alloc);
	names = &out->names[out->nr_names++];
	*names = (struct llvm_names)LLVM_NAMES_INIT;
	*ret_names = names;
	return llvm_names_read(raw, d->path, names, d->err);
}

static int decode_image(struct decoder *d, struct cursor *c, const struct llvm_raw_layout *layout)
{
	PGO_AUTO(image) im = { .targets = LLVM_TARGETS_INIT };
	struct llvm_decoded *out = d->out;
	const struct llvm_names *names;
	int ret;

	llvm_raw_next(c, layout, &im.raw);
	if (c->bad)
		return cursor_check(c, d->err);
	ret = read_names(d, &im.raw, &names);
	if (ret)
		return ret;
	llvm_targets_make(&im.raw, &im.targets);
	cursor_init(&im.values, d->path, im.raw.values, (size_t)(im.raw.end - im.raw.values));
	im.values.swap = layout->swap;
	for (uint64_t i = 0; i < im.raw.nr_data && !ret; i++) {
		VEC_GROW(out->funcs, out->batch.nr_funcs, out->nr_alloc);
		ret = decode_func(d, &im, names, i, &out->funcs[out->batch.nr_funcs]);
		out->batch.nr_funcs += !ret;
	}
	if (ret)
		return ret;
	add_ids(d, &im.raw);
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct stamp *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return (x->name_ref > y->name_ref) - (x->name_ref < y->name_ref);
}

static void make_trace(struct decoder *d)
{
	uint64_t *trace;

	if (!d->nr_stamps)
		return;
	qsort(d->stamps, d->nr_stamps, sizeof(*d->stamps), by_time);
	trace = arena_alloc(&d->out->arena, d->nr_stamps, sizeof(*trace));
	for (size_t i = 0; i < d->nr_stamps; i++)
		trace[i] = d->stamps[i].name_ref;
	d->out->batch.trace = trace;
	d->out->batch.nr_trace = d->nr_stamps;
}

int llvm_decode(const struct llvm_form *form, const char *path, const void *data, size_t len,
		struct llvm_decoded *out, struct pgo_err *err)
{
	PGO_AUTO(llvm_decoded) decoded = LLVM_DECODED_INIT;
	struct decoder d = { .path = path, .out = &decoded, .err = err };
	struct llvm_raw_layout layout;
	struct cursor c;
	int ret = 0;

	llvm_raw_layout(form->version, form->narrow, form->swap, &layout);
	cursor_init(&c, path, data, len);
	c.swap = form->swap;
	while (!cursor_at_end(&c) && !ret)
		ret = decode_image(&d, &c, &layout);
	if (!ret)
		make_trace(&d);
	free(d.stamps);
	if (ret)
		return ret;
	decoded.batch.variant = form->variant;
	decoded.batch.funcs = decoded.funcs;
	decoded.batch.ids = decoded.ids;
	*out = decoded;
	decoded = (struct llvm_decoded)LLVM_DECODED_INIT;
	return 0;
}

void llvm_decoded_release(struct llvm_decoded *d)
{
	for (size_t i = 0; i < d->nr_names; i++)
		llvm_names_release(&d->names[i]);
	arena_release(&d->arena);
	free(d->names);
	free(d->funcs);
	free(d->ids);
	*d = (struct llvm_decoded)LLVM_DECODED_INIT;
}
