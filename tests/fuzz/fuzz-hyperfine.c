/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hyperfine_parse takes, it must write and take again unchanged.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. \
 *		-include pgo/base/banned.h tests/fuzz/fuzz-hyperfine.c \
 *		pgo/core/hyperfine.c pgo/core/json.c pgo/stats/[a-z]*.c pgo/base/[a-z]*.c \
 *		-ljansson -lm
 */
#include "pgo/core/hyperfine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_all(const struct hyperfine *h, struct strbuf *out)
{
	PGO_AUTO(json_holder) o = { hyperfine_json(h) };

	js_dump(o.o, out, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PGO_AUTO(hyperfine) h = HYPERFINE_INIT;
	PGO_AUTO(hyperfine) again = HYPERFINE_INIT;
	PGO_AUTO(strbuf) first = STRBUF_INIT;
	PGO_AUTO(strbuf) second = STRBUF_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	if (hyperfine_parse("input", (const char *)data, size, &h, &err))
		return 0;
	write_all(&h, &first);
	if (hyperfine_parse("output", first.buf, first.len, &again, &err))
		abort();
	write_all(&again, &second);
	if (first.len != second.len || memcmp(first.buf, second.buf, first.len) != 0)
		abort();
	return 0;
}
