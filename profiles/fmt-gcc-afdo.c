/* SPDX-License-Identifier: Apache-2.0 */
/* GCC's .afdo as a format for each version. */
#include "pgo/base/fs.h"
#include "profiles/afdo.h"
#include "profiles/format.h"

#define NAME_V1 "gcc-afdo-1"
#define NAME_V2 "gcc-afdo-2"

static int bid(const struct prof_probe *probe, bool old)
{
	unsigned version;
	int bits = probe->is_dir ? 0 : afdo_bid(probe->head, probe->head_len, &version);

	return bits && (version == 1) == old ? bits : 0;
}

static int bid_v1(const struct prof_probe *probe)
{
	return bid(probe, true);
}

/* Also unknown versions, which the reader refuses by name. */
static int bid_v2(const struct prof_probe *probe)
{
	return bid(probe, false);
}

static int load(const char *path, struct sample_profile *out, struct pgo_err *err)
{
	PGO_AUTO(fs_view) view = FS_VIEW_INIT;
	int ret = fs_view_open(&view, path, err);

	if (ret)
		return ret;
	if (!view.len)
		return prof_error_empty(path, err);
	return afdo_read(out, path, view.data, view.len, err);
}

static int read_afdo(const struct prof_probe *probe, const struct prof_read_opts *opts,
		     struct profile *out, struct pgo_err *err)
{
	PGO_AUTO(sample_profile) p = SAMPLE_PROFILE_INIT;
	int ret = load(probe->path, &p, err);

	(void)opts;
	if (!ret)
		sample_to_model(&p, PROF_KIND_GCC_AFDO, out);
	return ret;
}

static void describe(struct sample_profile *p, struct prof_merge_result *res)
{
	PGO_AUTO(profile) model = PROFILE_INIT;

	res->nr_saturated = p->nr_saturated;
	sample_to_model(p, PROF_KIND_GCC_AFDO, &model);
	res->nr_functions = model.nr_funcs;
	res->nr_counters = model.nr_counters;
	res->total_count = model.total;
	res->max_count = model.max_count;
}

static int version_to_write(const struct prof_merge_opts *opts, unsigned *ret, struct pgo_err *err)
{
	if (!opts->to)
		return 0;
	if (strcmp(opts->to, NAME_V1) != 0 && strcmp(opts->to, NAME_V2) != 0)
		return pgo_error(err, PGO_EMISMATCH, "an .afdo profile cannot become %s", opts->to);
	*ret = !strcmp(opts->to, NAME_V1) ? 1 : 2;
	return 0;
}

/* Arenas only grow: a new one for each sum keeps memory to that of two profiles. */
static void add_one(struct sample_profile *sum, const struct sample_profile *one, uint64_t weight)
{
	struct sample_profile next = SAMPLE_PROFILE_INIT;

	next.limit = AFDO_LIMIT;
	next.nr_saturated = sum->nr_saturated;
	sample_add(&next, sum, 1);
	sample_add(&next, one, weight);
	sample_finish(&next);
	sample_release(sum);
	*sum = next;
}

/* The version is that of the first input, unless another one is asked for. */
static int add_inputs(struct sample_profile *sum, const struct prof_input *inputs, size_t nr,
		      unsigned *version, struct pgo_err *err)
{
	for (size_t i = 0; i < nr; i++) {
		PGO_AUTO(sample_profile) one = SAMPLE_PROFILE_INIT;
		int ret = load(inputs[i].path, &one, err);

		if (ret)
			return ret;
		if (!i)
			*version = (unsigned)one.version;
		add_one(sum, &one, inputs[i].weight);
	}
	return 0;
}

static int merge(const struct prof_input *inputs, size_t nr, const struct prof_merge_opts *opts,
		 const char *out_path, struct prof_merge_result *res, struct pgo_err *err)
{
	PGO_AUTO(sample_profile) sum = SAMPLE_PROFILE_INIT;
	PGO_AUTO(strbuf) bytes = STRBUF_INIT;
	unsigned version = 0;
	int ret;

	ret = add_inputs(&sum, inputs, nr, &version, err);
	if (!ret)
		ret = version_to_write(opts, &version, err);
	if (ret)
		return ret;
	sum.version = version;
	sample_compute_totals(&sum);
	afdo_format(&sum, version, &bytes);
	ret = fs_write_atomic(out_path, bytes.buf, bytes.len, 0666, err);
	if (ret)
		return ret;
	*res = (struct prof_merge_result){ .nr_inputs = nr };
	res->version[0] = (char)('0' + version);
	describe(&sum, res);
	return 0;
}

const struct prof_format prof_format_gcc_afdo_v1 = {
	.name = NAME_V1,
	.summary = "GCC sample profile, for GCC 5 to 11",
	.suffix = ".afdo",
	.caps = PROF_CAP_READ,
	.family = "gcc-afdo",
	.bid = bid_v1,
	.read = read_afdo,
	.merge = merge,
};

const struct prof_format prof_format_gcc_afdo_v2 = {
	.name = NAME_V2,
	.summary = "GCC sample profile, for GCC 12 to 15",
	.suffix = ".afdo",
	.caps = PROF_CAP_READ,
	.family = "gcc-afdo",
	.bid = bid_v2,
	.read = read_afdo,
	.merge = merge,
};
