/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audits. This program is what it looks at: it has sections and variables as instrumenting
 * compilers make them, so that everything is there in one file of known content.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "pgo/base/fs.h"
#include "pgo/core/audit-origin.h"
#include "pgo/core/audit.h"
#include "pgo/core/link-map.h"
#include "tests/lib/folder.h"

#define SELF "/proc/self/exe"
#ifdef __clang__
#define KEEP __attribute__((noinline, used))
#else
#define KEEP __attribute__((noinline, noclone, used))
#endif

/* A record of LLVM's raw version 8. */
struct record {
	uint64_t name, hash, counters, function, values;
	uint32_t nr_counters;
	uint16_t nr_sites[2];
};

#define IN(section_) __attribute__((used, section(section_)))

/* The first 8 bytes of the names' MD5: printf NAME | md5sum. */
IN("__llvm_prf_data")
static struct record records[] = {
	{ .name = 0x31f2639c915f3b67, .nr_counters = 1 },
	{ .name = 0x395cc8b08e968cb1, .nr_counters = 1 },
	{ .name = 0x50adc3e1b3499642, .nr_counters = 1 },
};
IN("__llvm_prf_names")
static const char names[] =
	"\x58\0audit_public_counted\1core-audit-test.c;audit_private_counted\1"
	"src/other.c:audit_same_name";
IN("__llvm_prf_cnts") static uint64_t counters[3] = { 1 };

/* GCC's, of a function. */
static char gcc_counters __asm__("__gcov_.audit_gcc_counted") __attribute__((used)) = 1;
static char gcc_arcs __asm__("__gcov0.audit_gcc_counted") __attribute__((used)) = 1;

int audit_public_counted(int x);
int audit_public_bare(int x);
int audit_clone(int x) __asm__("audit_public_counted.constprop.0");
int audit_cold(int x) __asm__("audit_public_bare.cold");
int audit_gcc_counted(int x);
int audit_gcc_bare(int x);

KEEP int audit_public_counted(int x)
{
	return x * 3;
}

KEEP int audit_clone(int x)
{
	return x * 5;
}

KEEP int audit_public_bare(int x)
{
	return x * 7;
}

KEEP int audit_cold(int x)
{
	return x * 11;
}

KEEP int audit_gcc_counted(int x)
{
	return x * 13;
}

KEEP int audit_gcc_bare(int x)
{
	return x * 17;
}

static KEEP int audit_private_counted(int x)
{
	return x * 19;
}

static KEEP int audit_private_bare(int x)
{
	return x * 23;
}

/* What has counters is another file's of this name. */
static KEEP int audit_same_name(int x)
{
	return x * 29;
}

static int all(int x)
{
	return audit_public_counted(x) + audit_clone(x) + audit_public_bare(x) + audit_cold(x) +
	       audit_gcc_counted(x) + audit_gcc_bare(x) + audit_private_counted(x) +
	       audit_private_bare(x) + audit_same_name(x) + gcc_counters + gcc_arcs +
	       (int)records[0].nr_counters + names[0] + (int)counters[0];
}

static const struct probes_function *function(const struct probes *p, const char *name)
{
	for (size_t i = 0; i < p->nr_functions; i++)
		if (!strcmp(p->functions[i].name, name))
			return &p->functions[i];
	return NULL;
}

static void test_probes(void **state)
{
	static const struct {
		const char *name;
		enum probes_state want;
	} cases[] = {
		{ "audit_public_counted", PROBES_THERE },
		{ "audit_public_counted.constprop.0", PROBES_THERE },
		{ "audit_public_bare", PROBES_NONE },
		{ "audit_public_bare.cold", PROBES_NONE },
		{ "audit_private_counted", PROBES_THERE },
		{ "audit_private_bare", PROBES_NONE },
		{ "audit_same_name", PROBES_NONE },
		{ "audit_gcc_counted", PROBES_THERE },
		{ "audit_gcc_bare", PROBES_NONE },
	};
	PGO_AUTO(probes) p = PROBES_INIT;

	(void)state;
	assert_int_not_equal(all(1), 0);
	assert_int_equal(probes_read(SELF, &p, NULL), 0);
	assert_true(p.llvm && p.gcc && p.is_linked && p.has_symtab);
	assert_false(p.nameless);
	assert_true(strvec_has(&p.needed, "libc.so.6"));
	assert_int_equal(p.nr_counted, 4);
	assert_int_equal(p.nr_unnamed, 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct probes_function *f = function(&p, cases[i].name);

		assert_non_null(f);
		assert_int_equal(f->state, cases[i].want);
		assert_true(f->bytes > 0);
	}
	assert_true(function(&p, "audit_public_bare.cold")->part);
	assert_false(function(&p, "audit_public_bare")->part);
	assert_string_equal(function(&p, "audit_private_bare")->file, "core-audit-test.c");
	assert_null(function(&p, "audit_public_bare")->file);
	for (size_t i = 1; i < p.nr_functions; i++)
		assert_true(p.functions[i - 1].start + p.functions[i - 1].bytes <=
			    p.functions[i].start);
}

static void test_audit(void **state)
{
	const struct audit_opts opts = { 0 };
	PGO_AUTO(audit) a = AUDIT_INIT;
	uint64_t functions = 0, bytes = 0;

	(void)state;
	assert_int_equal(audit_read(SELF, &opts, &a, NULL), 0);
	assert_string_equal(audit_kind(&a), "clang and gcc");
	assert_true(audit_has_probes(&a) && audit_is_judged(&a));
	assert_null(audit_limit(&a));
	/* Four with counters and a clone. */
	assert_int_equal(a.probed.functions, 4);
	assert_true(a.runtime.functions > 0);
	assert_false(audit_passes(&a, 0.9));
	assert_true(audit_passes(&a, 0));
	for (size_t i = 0; i < a.nr_groups; i++) {
		functions += a.groups[i].bare.functions;
		bytes += a.groups[i].bare.bytes;
	}
	assert_int_equal(functions, a.bare.functions);
	assert_int_equal(bytes, a.bare.bytes);
	for (size_t i = functions = bytes = 0; i < a.nr_findings; i++) {
		functions += a.findings[i].bare.functions;
		bytes += a.findings[i].bare.bytes;
	}
	assert_int_equal(functions, a.bare.functions);
	assert_int_equal(bytes, a.bare.bytes);
}

static void test_compiler_names(void **state)
{
	static const char *const cases[][2] = {
		{ "GNU C17 12.2.0 -mtune=generic -march=x86-64 -g -O2", "gcc 12.2.0" },
		{ "GNU C++17 12.2.0 -O2", "gcc 12.2.0" },
		{ "GCC: (Debian 12.2.0-14+deb12u1) 12.2.0", "gcc 12.2.0" },
		{ "GNU AS 2.40", "GNU as 2.40" },
		{ "Debian clang version 19.1.7 (3+b1)", "clang 19.1.7" },
		{ "clang version 22.1.8", "clang 22.1.8" },
		{ "clang LLVM (rustc version 1.95.0 (0123 2026-01-01))", "rustc 1.95.0" },
		{ "rustc version 1.95.0 (0123 2026-01-01)", "rustc 1.95.0" },
		{ "NASM 2.16.01", "NASM 2.16.01" },
		{ "GCC: (", "gcc" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		PGO_AUTO_FREE char *name = audit_compiler_name(cases[i][0]);

		assert_string_equal(name, cases[i][1]);
	}
}

static const char gnu_map[] =
	"Archive member included to satisfy reference by file (symbol)\n\n"
	"libfoo.a(foo.o)               main.o (foo)\n\n"
	"Discarded input sections\n\n"
	" .text          0x0000000000000000       0x10 crti.o\n"
	"\nMemory Configuration\n\n"
	"Linker script and memory map\n\n"
	"LOAD main.o\nLOAD libfoo.a\n"
	".text           0x0000000000001040      0x1a0\n"
	" *(.text.unlikely .text.*_unlikely .text.unlikely.*)\n"
	" .text          0x0000000000001040       0x22 /usr/lib/Scrt1.o\n"
	"                0x0000000000001040                _start\n"
	" *fill*         0x0000000000001062        0xe \n"
	" .text          0x0000000000001070       0x30 main.o\n"
	"                0x0000000000001070                main\n"
	" .text.a_function_of_a_long_name\n"
	"                0x00000000000010a0       0x20 libfoo.a(foo.o)\n"
	"\n.rodata.of.a.long.name\n"
	"                0x0000000000002000       0x10\n"
	" .rodata        0x0000000000002000       0x10 dir with blank/main.o\n"
	"\n.comment        0x0000000000000000       0x1e\n"
	" .comment       0x0000000000000010       0x1e main.o\n"
	".debug_info     0x0000000000000000     0x2000\n"
	" .debug_info    0x0000000000001000     0x1000 main.o\n";

static const char lld_map[] =
	"             VMA              LMA     Size Align Out     In      Symbol\n"
	"            1700             1700      1a4    16 .text\n"
	"            1700             1700       22    16         /lib/Scrt1.o:(.text)\n"
	"            1700             1700       22     1                 _start\n"
	"            1730             1730       30    16         main.o:(.text)\n"
	"            1760             1760       20    16         libfoo.a(foo.o):(.text.foo)\n"
	"            1780             1780       20    16         lib.a(bit.o at 640):(.text)\n"
	"            17a0             17a0        8     4         <internal>:(.text)\n"
	"               0                0       1e     1 .comment\n"
	"            1700             1700       1e     1         other.o:(.comment)\n";

static void expect_piece(const struct link_map *m, uint64_t addr, const char *file,
			 const char *member)
{
	const struct link_piece *piece = link_map_find(m, addr);

	if (!file) {
		assert_null(piece);
		return;
	}
	assert_non_null(piece);
	assert_string_equal(piece->file, file);
	if (member)
		assert_string_equal(piece->member, member);
	else
		assert_null(piece->member);
}

static void test_maps(void **state)
{
	PGO_AUTO(link_map) gnu = LINK_MAP_INIT;
	PGO_AUTO(link_map) lld = LINK_MAP_INIT;

	(void)state;
	assert_int_equal(link_map_parse("m", gnu_map, sizeof(gnu_map) - 1, &gnu, NULL), 0);
	assert_int_equal(gnu.text_start, 0x1040);
	assert_int_equal(gnu.text_bytes, 0x1a0);
	assert_int_equal(gnu.nr_pieces, 4);
	expect_piece(&gnu, 0x1040, "/usr/lib/Scrt1.o", NULL);
	expect_piece(&gnu, 0x1062, NULL, NULL);
	expect_piece(&gnu, 0x109f, "main.o", NULL);
	expect_piece(&gnu, 0x10a0, "libfoo.a", "foo.o");
	expect_piece(&gnu, 0x10c0, NULL, NULL);
	expect_piece(&gnu, 0x2008, "dir with blank/main.o", NULL);
	expect_piece(&gnu, 0x18, NULL, NULL);

	assert_int_equal(link_map_parse("m", lld_map, sizeof(lld_map) - 1, &lld, NULL), 0);
	assert_int_equal(lld.text_start, 0x1700);
	assert_int_equal(lld.text_bytes, 0x1a4);
	assert_int_equal(lld.nr_pieces, 4);
	expect_piece(&lld, 0x1700, "/lib/Scrt1.o", NULL);
	expect_piece(&lld, 0x1760, "libfoo.a", "foo.o");
	expect_piece(&lld, 0x1790, "lib.a", "bit.o");
	expect_piece(&lld, 0x17a0, NULL, NULL);
}

/* Cut off anywhere, or with any byte another one, a map is read or refused. */
static void test_damaged_maps(void **state)
{
	static const char *const maps[] = { gnu_map, lld_map };

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(maps); k++) {
		size_t len = strlen(maps[k]);

		for (size_t i = 0; i < len; i++) {
			PGO_AUTO_FREE char *text = xmemdup(maps[k], len);
			PGO_AUTO_FREE char *cut = i ? xmemdup(maps[k], i) : xmalloc(1);
			PGO_AUTO(link_map) a = LINK_MAP_INIT;
			PGO_AUTO(link_map) b = LINK_MAP_INIT;

			text[i] = "\n f0:()\0"[i % 8];
			link_map_parse("m", text, len, &a, NULL);
			link_map_parse("m", cut, i, &b, NULL);
		}
	}
}

static void test_refusals(void **state)
{
	const struct audit_opts opts = { 0 }, with_map = { .map = "map" };
	PGO_AUTO(audit) a = AUDIT_INIT;
	PGO_AUTO(link_map) m = LINK_MAP_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	assert_int_equal(fs_write_atomic("text", "x", 1, 0600, NULL), 0);
	assert_int_equal(fs_write_atomic("map", gnu_map, sizeof(gnu_map) - 1, 0600, NULL), 0);
	assert_int_equal(audit_read("none", &opts, &a, &err), -PGO_ENOTFOUND);
	assert_int_equal(audit_read("text", &opts, &a, &err), -PGO_EFORMAT);
	assert_int_equal(audit_read(SELF, &with_map, &a, &err), -PGO_EMISMATCH);
	assert_int_equal(link_map_parse("m", "x", 1, &m, &err), -PGO_EFORMAT);
	assert_int_equal(link_map_parse("m", "", 0, &m, &err), -PGO_EFORMAT);
	assert_int_equal(a.nr_groups + m.nr_pieces, 0);
}

/* What follows from the same start is the same on every run. */
static uint32_t next(uint32_t *x)
{
	*x = *x * 1664525 + 1013904223;
	return *x >> 8;
}

/* Of a file cut off, or with bytes changed, whatever it is that they say. */
static void try(const char *bytes, size_t len)
{
	const struct audit_opts opts = { 0 };
	PGO_AUTO(audit) a = AUDIT_INIT;

	assert_int_equal(fs_write_atomic("elf", bytes, len, 0600, NULL), 0);
	if (audit_read("elf", &opts, &a, NULL))
		return;
	json_decref(audit_json(&a, SIZE_MAX));
}

static void test_damaged_elf(void **state)
{
	PGO_AUTO(strbuf) self = STRBUF_INIT;
	uint32_t x = 1;

	(void)state;
	assert_int_equal(fs_read_file(SELF, &self, NULL), 0);
	for (size_t i = 0; i < 40; i++)
		try(self.buf, i < 8 ? i * 16 : self.len / 40 * i);
	for (size_t i = 0; i < 120; i++) {
		PGO_AUTO_FREE char *copy = xmemdup(self.buf, self.len);
		/* The head, the table of sections and what is before it, or anything. */
		size_t from = i % 3 == 0 ? 0 : i % 3 == 1 ? self.len - 8192 : 0;
		size_t bytes = i % 3 == 0 ? 64 : i % 3 == 1 ? 8192 : self.len;

		for (int k = 0; k < 4; k++)
			copy[from + next(&x) % bytes] = (char)next(&x);
		try(copy, self.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probes),	       cmocka_unit_test(test_audit),
		cmocka_unit_test(test_compiler_names), cmocka_unit_test(test_maps),
		cmocka_unit_test(test_damaged_maps),   cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_damaged_elf),
	};

	return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
