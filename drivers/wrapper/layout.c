/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/wrapper/layout.h"

#include <stdint.h>
#include <string.h>

#include "drivers/wrapper.h"
#include "pgo/base/num.h"

#define PADDING_LLD 20
#define PAD_STEP 16
#define PAD_STEPS 256
#define SYMBOL "pgoctl_pad_"

/* Linkers put each of these classes together; types are implied by the names. */
static const struct {
	const char *section, *flags;
} classes[] = {
	{ ".text", "ax" },	   { ".text.hot", "ax" }, { ".text.unlikely", "ax" },
	{ ".text.startup", "ax" }, { ".rodata", "a" },	  { ".data", "aw" },
	{ ".bss", "aw" },
};

bool layout_linker_pads(const char *version_text)
{
	const char *at = strstr(version_text, "LLD ");
	PGO_AUTO_FREE char *major = at ? xstrndup(at + 4, strspn(at + 4, "0123456789")) : NULL;
	unsigned n;

	return major && num_parse_uint(major, &n) && n >= PADDING_LLD;
}

void layout_add_padding(unsigned layout, struct strvec *flags)
{
	strvec_pushf(flags, "-Wl,--randomize-section-padding=%u", layout);
}

/* Source: Steele, Lea and Flood 2014, splitmix64. */
static uint64_t mix(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* A symbol of no use but to name the section in -u; hidden, for several libraries have one. */
void wrapper_pad_source(unsigned layout, struct strbuf *out)
{
	uint64_t state = layout;

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		unsigned bytes = PAD_STEP * (unsigned)(1 + mix(&state) % PAD_STEPS);

		strbuf_addf(out, "\t.section %s,\"%s\"\n", classes[i].section, classes[i].flags);
		strbuf_addf(out, "\t.globl %s%zu\n\t.hidden %s%zu\n", SYMBOL, i, SYMBOL, i);
		strbuf_addf(out, "%s%zu:\n\t.skip %u\n", SYMBOL, i, bytes);
	}
	strbuf_addstr(out, "\t.section .note.GNU-stack,\"\"\n");
}

void layout_keep_pads(struct strvec *flags)
{
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		strvec_pushf(flags, "-Wl,-u,%s%zu", SYMBOL, i);
}
