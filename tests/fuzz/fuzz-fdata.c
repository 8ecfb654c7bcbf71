/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fdata_add_file takes, it must write and take again unchanged.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. \
 *		-include pgo/base/banned.h tests/fuzz/fuzz-fdata.c \
 *		profiles/fdata.c profiles/fdata-parse.c pgo/base/[a-z]*.c -lm
 */
#include "profiles/fdata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take(const void *data, size_t len, struct strbuf *out)
{
	PGO_AUTO(fdata) f = FDATA_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	if (fdata_add_text(&f, "input", data, len, 1, &err))
		return false;
	fdata_sort(&f);
	fdata_format(&f, out);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PGO_AUTO(strbuf) first = STRBUF_INIT;
	PGO_AUTO(strbuf) second = STRBUF_INIT;

	if (!take(data, size, &first))
		return 0;
	if (!take(first.buf, first.len, &second))
		abort();
	if (first.len != second.len || memcmp(first.buf, second.buf, first.len) != 0)
		abort();
	return 0;
}
