/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What afdo_read takes, it must write, in both versions, and take again unchanged.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. \
 *		-include pgo/base/banned.h tests/fuzz/fuzz-afdo.c profiles/afdo*.c \
 *		profiles/sample.c profiles/sample-model.c profiles/profile.c \
 *		pgo/base/[a-z]*.c -lm
 */
#include "profiles/afdo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take(const void *data, size_t len, unsigned version, struct strbuf *out)
{
	PGO_AUTO(sample_profile) p = SAMPLE_PROFILE_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	if (afdo_read(&p, "input", data, len, &err))
		return false;
	if (afdo_format(&p, version, out))
		abort();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (unsigned version = AFDO_VERSION_MIN; version <= AFDO_VERSION_MAX; version++) {
		PGO_AUTO(strbuf) first = STRBUF_INIT;
		PGO_AUTO(strbuf) second = STRBUF_INIT;

		if (!take(data, size, version, &first))
			return 0;
		if (!take(first.buf, first.len, version, &second))
			abort();
		if (first.len != second.len || memcmp(first.buf, second.buf, first.len) != 0)
			abort();
	}
	return 0;
}
