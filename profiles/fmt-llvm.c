/* SPDX-License-Identifier: Apache-2.0 */
/* LLVM's indexed and text profiles as formats, and what all forms share. */
#include <inttypes.h>
#include <stdio.h>

#include "pgo/base/mem.h"
#include "profiles/llvm.h"
#include "profiles/llvm/format.h"

int llvm_format_bid(const struct prof_probe *probe, enum llvm_form_type type)
{
	struct llvm_form form;
	int bits;

	if (probe->is_dir || !probe->head_len)
		return 0;
	bits = llvm_form_of(probe->head, probe->head_len, &form);
	return form.type == type ? bits : 0;
}

static int bid_indexed(const struct prof_probe *probe)
{
	return llvm_format_bid(probe, LLVM_FORM_INDEXED);
}

static int bid_text(const struct prof_probe *probe)
{
	return llvm_format_bid(probe, LLVM_FORM_TEXT);
}

int llvm_format_read(const struct prof_probe *probe, const struct prof_read_opts *opts,
		     struct profile *out, struct pgo_err *err)
{
	return llvm_read(probe->path, opts ? opts->llvm_major : 0, out, err);
}

int llvm_format_merge(const struct prof_input *inputs, size_t nr,
		      const struct prof_merge_opts *opts, const char *out_path,
		      struct prof_merge_result *res, struct pgo_err *err)
{
	/* One job: more make the order of equal names depend on the machine's processors. */
	struct llvm_merge_opts o = { .major = opts->llvm_major,
				     .sparse = opts->sparse,
				     .text = opts->text,
				     .jobs = 1,
				     .threads = opts->threads };
	PGO_AUTO_FREE struct llvm_input *in = xcalloc(nr, sizeof(*in));
	struct llvm_merge_result r;
	int ret;

	for (size_t i = 0; i < nr; i++)
		in[i] = (struct llvm_input){ inputs[i].path, inputs[i].weight };
	if (!o.major)
		o.major = llvm_majors()[0];
	ret = llvm_merge(in, nr, &o, out_path, &r, err);
	if (ret)
		return ret;
	*res = (struct prof_merge_result){
		.nr_inputs = nr,
		.nr_functions = r.nr_functions,
		.nr_counters = r.nr_counters,
		.total_count = r.total_count,
		.max_count = r.max_count,
		.nr_saturated = r.nr_overflow,
		.nr_builds = r.nr_binaries,
		.lost = r.nr_lost ? "bitmaps, traces or values of virtual tables, which that LLVM "
				    "has no place for"
			: r.text_loses ? LLVM_TEXT_LOSES
				       : NULL,
	};
	if (!opts->text)
		snprintf(res->version, sizeof(res->version), "%" PRIu64, r.version);
	return 0;
}

const struct prof_format prof_format_llvm_indexed = {
	.name = "llvm-indexed",
	.summary = "LLVM indexed profile, as clang reads it",
	.suffix = ".profdata",
	.caps = PROF_CAP_READ,
	.family = "llvm",
	.payload = "clang.profdata",
	.bid = bid_indexed,
	.read = llvm_format_read,
	.merge = llvm_format_merge,
};

const struct prof_format prof_format_llvm_text = {
	.name = "llvm-text",
	.summary = "LLVM text profile",
	.suffix = ".proftext",
	.caps = PROF_CAP_READ | PROF_CAP_TEXT,
	.family = "llvm",
	.payload = "clang.proftext",
	.bid = bid_text,
	.read = llvm_format_read,
	.merge = llvm_format_merge,
};
