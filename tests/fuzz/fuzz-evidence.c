/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What evidence_parse takes, it must write and take again unchanged.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. \
 *		-include pgo/base/banned.h tests/fuzz/fuzz-evidence.c \
 *		pgo/core/evidence.c pgo/core/json.c pgo/base/[a-z]*.c -ljansson -lm
 */
#include "pgo/core/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_line(json_t *o, struct strbuf *out)
{
	js_dump(o, out, true);
	strbuf_addch(out, '\n');
	json_decref(o);
}

static void write_all(const struct evidence *e, struct strbuf *out)
{
	add_line(evidence_head_json(e), out);
	for (size_t i = 0; i < e->nr_pairs; i++)
		add_line(evidence_pair_json(e, &e->pairs[i]), out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	PGO_AUTO(evidence) again = EVIDENCE_INIT;
	PGO_AUTO(strbuf) first = STRBUF_INIT;
	PGO_AUTO(strbuf) second = STRBUF_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	if (evidence_parse("input", (const char *)data, size, &e, &err))
		return 0;
	write_all(&e, &first);
	if (evidence_parse("output", first.buf, first.len, &again, &err))
		abort();
	write_all(&again, &second);
	if (first.len != second.len || memcmp(first.buf, second.buf, first.len) != 0)
		abort();
	return 0;
}
