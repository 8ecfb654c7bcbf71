/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LLVM's sampled profiles as formats. They are read here, and what was taken is
 * merged and written by LLVM, so that the bytes are those of llvm-profdata.
 */
#include <errno.h>

#include "pgo/base/fs.h"
#include "profiles/format.h"
#include "profiles/llvm.h"
#include "profiles/llvm/module.h"
#include "profiles/sample.h"

#define TEXT_NAME "llvm-sample-text"
#define BINARY_NAME "llvm-sample-binary"
#define EXTBINARY_NAME "llvm-sample-extbinary"

/* The first LLVM that knows of vtables in sampled profiles. */
#define VTABLES_MAJOR 22

static int bid(const struct prof_probe *probe, enum sample_form wanted)
{
	enum sample_form form;
	int bits = probe->is_dir ? 0 : sample_bid(probe->head, probe->head_len, &form);

	return bits && form == wanted ? bits : 0;
}

static int bid_text(const struct prof_probe *probe)
{
	return bid(probe, SAMPLE_TEXT);
}

static int bid_binary(const struct prof_probe *probe)
{
	return bid(probe, SAMPLE_BINARY);
}

static int bid_extbinary(const struct prof_probe *probe)
{
	return bid(probe, SAMPLE_EXTBINARY);
}

/* data is the file, which outlives *out. */
static int load(const char *path, struct strbuf *data, struct sample_profile *out,
		struct pgo_err *err)
{
	enum sample_form form = SAMPLE_TEXT;
	int ret = fs_read_file(path, data, err);

	if (ret)
		return ret;
	if (!data->len)
		return prof_error_empty(path, err);
	if (!sample_bid(data->buf, data->len, &form))
		return pgo_error_at(err, PGO_EFORMAT, path, 0, "'%s' is no sample profile of LLVM",
				    path);
	return form == SAMPLE_TEXT ? sample_read_text(out, path, data->buf, data->len, err)
				   : sample_read_binary(out, path, data->buf, data->len, err);
}

static int read_sample(const struct prof_probe *probe, const struct prof_read_opts *opts,
		       struct profile *out, struct pgo_err *err)
{
	PGO_AUTO(strbuf) data = STRBUF_INIT;
	PGO_AUTO(sample_profile) p = SAMPLE_PROFILE_INIT;
	int ret = load(probe->path, &data, &p, err);

	(void)opts;
	if (!ret)
		sample_to_model(&p, PROF_KIND_LLVM_SAMPLE, out);
	return ret;
}

static int form_to_write(const struct prof_merge_opts *opts, enum shim_sample_form *ret,
			 struct pgo_err *err)
{
	*ret = opts->text ? SHIM_SAMPLE_TEXT : SHIM_SAMPLE_EXTBINARY;
	if (!opts->to)
		return 0;
	if (!strcmp(opts->to, TEXT_NAME))
		*ret = SHIM_SAMPLE_TEXT;
	else if (!strcmp(opts->to, BINARY_NAME))
		*ret = SHIM_SAMPLE_BINARY;
	else if (!strcmp(opts->to, EXTBINARY_NAME))
		*ret = SHIM_SAMPLE_EXTBINARY;
	else
		return pgo_error(err, PGO_EMISMATCH, "a sample profile of LLVM cannot become %s",
				 opts->to);
	return 0;
}

static int fault_error(const struct shim_sample_api *api, struct shim_fault *fault,
		       const char *path, struct pgo_err *err)
{
	enum pgo_ecode code = fault->code == SHIM_EKIND	     ? PGO_EMISMATCH
			      : fault->code == SHIM_EVERSION ? PGO_EVERSION
							     : PGO_EFORMAT;
	int ret;

	if (fault->code == SHIM_EIO) {
		errno = fault->errnum;
		ret = pgo_error_errno(err, "cannot write '%s'", path);
	} else {
		ret = pgo_error_at(err, code, path, -1, "'%s': %s", path, fault->message);
	}
	api->fault_release(fault);
	return ret;
}

struct merge {
	const struct shim_sample_api *api;
	struct shim_sampler *sampler;
	unsigned major;
	bool symbols;	      /* an input has the list */
	struct strbuf *files; /* each input's bytes: LLVM's names point into them */
};

static int add_input(struct merge *m, const struct prof_input *input, struct strbuf *data,
		     struct pgo_err *err)
{
	PGO_AUTO(sample_profile) checked = SAMPLE_PROFILE_INIT;
	struct shim_fault fault = { 0 };
	struct shim_input in;
	int ret = load(input->path, data, &checked, err);

	if (ret)
		return ret;
	if (checked.vtables && m->major < VTABLES_MAJOR) {
		pgo_error_at(err, PGO_EVERSION, input->path, -1,
			     "'%s' has counts of vtables, which LLVM %u does not know", input->path,
			     m->major);
		return pgo_err_hint(err, "LLVM %u and later read it", VTABLES_MAJOR);
	}
	m->symbols |= checked.has_symbols;
	in = (struct shim_input){ .data = data->buf, .len = data->len, .path = input->path };
	if (m->api->sampler_add(m->sampler, &in, input->weight, &fault))
		return fault_error(m->api, &fault, input->path, err);
	return 0;
}

static int write_output(struct merge *m, enum shim_sample_form form, const char *out_path,
			struct shim_totals *t, struct pgo_err *err)
{
	PGO_AUTO(fs_atomic) out = FS_ATOMIC_INIT;
	struct shim_fault fault = { 0 };
	int ret = fs_atomic_open(&out, out_path, 0666, err);

	if (ret)
		return ret;
	if (m->api->sampler_write(m->sampler, out.fd, form, t, &fault))
		return fault_error(m->api, &fault, out_path, err);
	return fs_atomic_commit(&out, err);
}

static int merge_into(struct merge *m, const struct prof_input *inputs, size_t nr,
		      enum shim_sample_form form, const char *out_path,
		      struct prof_merge_result *res, struct pgo_err *err)
{
	struct shim_totals t = { 0 };
	int ret = 0;

	for (size_t i = 0; i < nr && !ret; i++)
		ret = add_input(m, &inputs[i], &m->files[i], err);
	if (!ret)
		ret = write_output(m, form, out_path, &t, err);
	if (ret)
		return ret;
	*res = (struct prof_merge_result){
		.nr_inputs = nr,
		.nr_functions = t.nr_functions,
		.nr_counters = t.nr_counters,
		.total_count = t.total_count,
		.max_count = t.max_count,
		.nr_saturated = t.nr_overflow,
	};
	if (m->symbols && form != SHIM_SAMPLE_EXTBINARY)
		res->lost = "the list of symbols that were there without a sample";
	if (form != SHIM_SAMPLE_TEXT)
		memcpy(res->version, "103", 4);
	return 0;
}

static int merge(const struct prof_input *inputs, size_t nr, const struct prof_merge_opts *opts,
		 const char *out_path, struct prof_merge_result *res, struct pgo_err *err)
{
	struct merge m = { .major = opts->llvm_major ? opts->llvm_major : llvm_majors()[0] };
	enum shim_sample_form form;
	int ret = form_to_write(opts, &form, err);

	if (!ret)
		ret = llvm_sample_module(m.major, &m.api, err);
	if (ret)
		return ret;
	m.files = xcalloc(nr, sizeof(*m.files));
	for (size_t i = 0; i < nr; i++)
		m.files[i] = (struct strbuf)STRBUF_INIT;
	m.sampler = m.api->sampler_new();
	ret = merge_into(&m, inputs, nr, form, out_path, res, err);
	m.api->sampler_free(m.sampler);
	for (size_t i = 0; i < nr; i++)
		strbuf_release(&m.files[i]);
	free(m.files);
	return ret;
}

const struct prof_format prof_format_llvm_sample_text = {
	.name = TEXT_NAME,
	.summary = "LLVM sample profile, text",
	.suffix = ".proftext",
	.caps = PROF_CAP_READ | PROF_CAP_TEXT,
	.family = "llvm-sample",
	.bid = bid_text,
	.read = read_sample,
	.merge = merge,
};

const struct prof_format prof_format_llvm_sample_binary = {
	.name = BINARY_NAME,
	.summary = "LLVM sample profile, plain binary",
	.suffix = ".afdo",
	.caps = PROF_CAP_READ,
	.family = "llvm-sample",
	.payload = "clang.afdo",
	.bid = bid_binary,
	.read = read_sample,
	.merge = merge,
};

const struct prof_format prof_format_llvm_sample_extbinary = {
	.name = EXTBINARY_NAME,
	.summary = "LLVM sample profile, as clang reads it best",
	.suffix = ".afdo",
	.caps = PROF_CAP_READ,
	.family = "llvm-sample",
	.payload = "clang.afdo",
	.bid = bid_extbinary,
	.read = read_sample,
	.merge = merge,
};
