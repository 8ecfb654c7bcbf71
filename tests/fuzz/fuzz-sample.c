/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sampled profiles of LLVM: what is taken must make a model, and as text be
 * taken again and be the same text. (A name that is a hash in the binary form is
 * a number in the text, and a binary name may have a line's end in it: those are
 * only read.)
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. \
 *		-include pgo/base/banned.h tests/fuzz/fuzz-sample.c profiles/sample.c \
 *		profiles/sample-[a-z]*.c profiles/profile.c pgo/base/[a-z]*.c -lz -lm
 */
#include "profiles/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take_text(const char *text, size_t len, struct strbuf *out)
{
	PGO_AUTO(sample_profile) p = SAMPLE_PROFILE_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	if (sample_read_text(&p, "input", text, len, &err))
		return false;
	sample_format(&p, out);
	return true;
}

static void check_model(struct sample_profile *p)
{
	PGO_AUTO(profile) model = PROFILE_INIT;

	sample_to_model(p, PROF_KIND_LLVM_SAMPLE, &model);
	for (size_t i = 0; i < model.nr_funcs; i++)
		for (size_t j = 0; j + 1 < model.funcs[i].nr_counts; j++)
			if (prof_place_compare(&model.funcs[i].places[j],
					       &model.funcs[i].places[j + 1]) >= 0)
				abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PGO_AUTO(sample_profile) p = SAMPLE_PROFILE_INIT;
	PGO_AUTO(strbuf) input = STRBUF_INIT;
	PGO_AUTO(strbuf) first = STRBUF_INIT;
	PGO_AUTO(strbuf) second = STRBUF_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	enum sample_form form;

	strbuf_add(&input, data, size);
	if (!sample_bid(input.buf, input.len, &form))
		return 0;
	if (form != SAMPLE_TEXT) {
		if (!sample_read_binary(&p, "input", input.buf, input.len, &err))
			check_model(&p);
		return 0;
	}
	if (sample_read_text(&p, "input", input.buf, input.len, &err))
		return 0;
	check_model(&p);
	if (!take_text(input.buf, input.len, &first) || !take_text(first.buf, first.len, &second))
		abort();
	if (first.len != second.len || memcmp(first.buf, second.buf, first.len) != 0)
		abort();
	return 0;
}
