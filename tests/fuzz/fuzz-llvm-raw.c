/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw profiles: what llvm_guard passes, llvm_decode may still refuse; what
 * llvm_sum_files takes twice must be what decoding it says, twice. A corpus:
 * the files of tests/t/1013-llvm-sum.t.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. \
 *		-include pgo/base/banned.h tests/fuzz/fuzz-llvm-raw.c \
 *		profiles/llvm/[dgnrst]*.c profiles/llvm/md5.c \
 *		pgo/base/[a-z]*.c -lz -lm
 */
#include <sys/mman.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/hashmap.h"
#include "profiles/llvm/decode.h"
#include "profiles/llvm/raw.h"
#include "profiles/llvm/sum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t total_of(const struct shim_batch *b)
{
	uint64_t total = 0;

	for (size_t i = 0; i < b->nr_funcs; i++)
		for (size_t k = 0; k < b->funcs[i].nr_counts; k++)
			total += b->funcs[i].counts[k];
	return total;
}

/* Every byte that a batch points to. */
static uint64_t touch(const struct shim_batch *b)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < b->nr_funcs; i++) {
		const struct shim_func *f = &b->funcs[i];
		const struct shim_value *v = f->values;
		const uint8_t *nr_values = f->site_counts;

		seen += hash_bytes(f->name, f->name_len);
		seen += f->nr_bitmap ? hash_bytes(f->bitmap, f->nr_bitmap) : 0;
		for (unsigned kind = 0; kind < SHIM_NR_KINDS; kind++)
			for (uint32_t s = 0; s < f->nr_sites[kind]; s++)
				for (unsigned n = *nr_values++; n; n--, v++)
					seen += v->value ^ v->count;
	}
	for (size_t i = 0; i < b->nr_ids; i++)
		seen += hash_bytes(b->ids[i].data, b->ids[i].len);
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PGO_AUTO(llvm_decoded) decoded = LLVM_DECODED_INIT;
	PGO_AUTO(llvm_sum) sum = LLVM_SUM_INIT;
	PGO_AUTO_CLOSE int fd = memfd_create("profile", MFD_CLOEXEC);
	PGO_AUTO_FREE char *path = xstrfmt("/proc/self/fd/%d", fd);
	const struct llvm_input inputs[] = { { path, 1 }, { path, 1 } };
	struct llvm_form form;
	bool good;

	if (!llvm_form_of(data, size, &form) || form.type != LLVM_FORM_RAW ||
	    !llvm_raw_known(form.version))
		return 0;
	good = !llvm_guard(&form, "input", data, size, 0, NULL) &&
	       !llvm_decode(&form, "input", data, size, &decoded, NULL);
	if (good && touch(&decoded.batch) == 1)
		abort();
	if (fs_write_all(fd, data, size) || !llvm_sum_files(inputs, 2, 1, &sum))
		return 0;
	if (!good || 2 * total_of(&decoded.batch) != total_of(&sum.batch) || touch(&sum.batch) == 1)
		abort();
	return 0;
}
