/* SPDX-License-Identifier: Apache-2.0 */
/* BOLT's .fdata as a format. */
#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "profiles/fdata.h"
#include "profiles/format.h"

static int bid(const struct prof_probe *probe)
{
	return probe->is_dir ? 0 : fdata_bid((const char *)probe->head, probe->head_len);
}

/* The model while it is filled. */
struct fill {
	struct profile *out;
	struct hashmap funcs; /* by name; value: index in out->funcs + 1 */
};

static size_t function_of(struct fill *fill, const struct fdata_place *place)
{
	struct hashmap_entry *e = hashmap_put(&fill->funcs, place->name, place->name_len, NULL);

	if (!e->value) {
		profile_add(fill->out)->name = fdata_name(&fill->out->arena, place);
		e->value = (void *)(uintptr_t)fill->out->nr_funcs;
	}
	return (uintptr_t)e->value - 1;
}

static void add_entry(struct fill *fill, const struct fdata_record *r)
{
	size_t to;

	if (r->type != FDATA_BRANCH || r->to.scope == FDATA_FILE)
		return;
	to = function_of(fill, &r->to);
	if (!r->to.offset)
		fill->out->funcs[to].entry = num_add_sat(fill->out->funcs[to].entry, r->count,
							 NULL);
}

static void fill_model(const struct fdata *f, struct profile *out)
{
	struct fill fill = { .out = out, .funcs = HASHMAP_INIT };
	PGO_AUTO_FREE struct prof_count *all = xcalloc(f->nr, sizeof(*all));

	for (size_t i = 0; i < f->nr; i++) {
		struct fdata_record r = fdata_get(f, i);
		bool sample = r.type == FDATA_SAMPLE;

		all[i] = (struct prof_count){
			.func = function_of(&fill, &r.from),
			.place = { .at = r.from.offset,
				   .memory = r.type == FDATA_MEMORY,
				   .target = sample ? NULL : fdata_name(&out->arena, &r.to),
				   .target_at = r.to.offset,
				   .mispredicted = r.mispredicted },
			.count = r.count,
		};
		add_entry(&fill, &r);
	}
	profile_set_counts(out, all, f->nr);
	hashmap_release(&fill.funcs);
	out->kind = f->no_lbr ? PROF_KIND_BOLT_SAMPLES : PROF_KIND_BOLT_BRANCHES;
	profile_finish(out);
}

static void describe(const struct fdata *f, struct prof_merge_result *res)
{
	res->nr_functions = fdata_nr_functions(f);
	res->nr_counters = f->nr;
	res->nr_saturated = f->nr_saturated;
	for (size_t i = 0; i < f->nr; i++) {
		uint64_t count = fdata_get(f, i).count;

		res->total_count = num_add_sat(res->total_count, count, NULL);
		if (count > res->max_count)
			res->max_count = count;
	}
}

static int merge(const struct prof_input *inputs, size_t nr, const struct prof_merge_opts *opts,
		 const char *out_path, struct prof_merge_result *res, struct pgo_err *err)
{
	PGO_AUTO(fdata) f = FDATA_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	int ret = 0;

	(void)opts;
	for (size_t i = 0; i < nr && !ret; i++)
		ret = fdata_add_file(&f, inputs[i].path, inputs[i].weight, err);
	if (ret)
		return ret;
	fdata_sort(&f);
	fdata_format(&f, &text);
	ret = fs_write_atomic(out_path, text.buf, text.len, 0666, err);
	if (ret)
		return ret;
	*res = (struct prof_merge_result){ .nr_inputs = nr };
	describe(&f, res);
	return 0;
}

static int read_fdata(const struct prof_probe *probe, const struct prof_read_opts *opts,
		      struct profile *out, struct pgo_err *err)
{
	PGO_AUTO(fdata) f = FDATA_INIT;
	int ret = fdata_add_file(&f, probe->path, 1, err);

	(void)opts;
	if (ret)
		return ret;
	fdata_sort(&f);
	fill_model(&f, out);
	return 0;
}

const struct prof_format prof_format_bolt_fdata = {
	.name = "bolt-fdata",
	.summary = "BOLT profile, text",
	.suffix = ".fdata",
	.caps = PROF_CAP_READ,
	.family = "bolt-fdata",
	.payload = "bolt.fdata",
	.bid = bid,
	.read = read_fdata,
	.merge = merge,
};
