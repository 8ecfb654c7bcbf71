/* SPDX-License-Identifier: Apache-2.0 */
/* LLVM's instrumentation profiles as formats: raw, indexed and text. */
#include "profiles/format.h"
#include "profiles/llvm.h"
#include "profiles/llvm/guard.h"

static int bid(const struct prof_probe *probe, enum llvm_form_type type)
{
	struct llvm_form form;
	int bits;

	if (probe->is_dir || !probe->head_len)
		return 0;
	bits = llvm_form_of(probe->head, probe->head_len, &form);
	return form.type == type ? bits : 0;
}

static int bid_raw(const struct prof_probe *probe)
{
	return bid(probe, LLVM_FORM_RAW);
}

static int bid_indexed(const struct prof_probe *probe)
{
	return bid(probe, LLVM_FORM_INDEXED);
}

static int bid_text(const struct prof_probe *probe)
{
	return bid(probe, LLVM_FORM_TEXT);
}

static int read_llvm(const struct prof_probe *probe, const struct prof_read_opts *opts,
		     struct profile *out, struct pgo_err *err)
{
	return llvm_read(probe->path, opts ? opts->llvm_major : 0, out, err);
}

const struct prof_format prof_format_llvm_raw = {
	.name = "llvm-raw",
	.summary = "LLVM raw profile, as a process leaves it",
	.suffix = ".profraw",
	.caps = PROF_CAP_READ,
	.bid = bid_raw,
	.read = read_llvm,
};

const struct prof_format prof_format_llvm_indexed = {
	.name = "llvm-indexed",
	.summary = "LLVM indexed profile, as clang reads it",
	.suffix = ".profdata",
	.caps = PROF_CAP_READ,
	.bid = bid_indexed,
	.read = read_llvm,
};

const struct prof_format prof_format_llvm_text = {
	.name = "llvm-text",
	.summary = "LLVM text profile",
	.suffix = ".proftext",
	.caps = PROF_CAP_READ,
	.bid = bid_text,
	.read = read_llvm,
};
