/* SPDX-License-Identifier: Apache-2.0 */
/* Lengths of branches, as an assembler makes them, and of what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>

#include "profiles/branch-length.h"

#define LENGTH(s) branch_length(EM_X86_64, (const uint8_t *)(s), sizeof(s) - 1)

static void branches(void **state)
{
	(void)state;
	assert_int_equal(LENGTH("\xc3"), 1);			 /* ret */
	assert_int_equal(LENGTH("\xf3\xc3"), 2);		 /* rep ret */
	assert_int_equal(LENGTH("\xc2\x08\x00"), 3);		 /* ret $8 */
	assert_int_equal(LENGTH("\x74\x05"), 2);		 /* je */
	assert_int_equal(LENGTH("\xeb\xfe"), 2);		 /* jmp */
	assert_int_equal(LENGTH("\x0f\x84\x00\x01\x00\x00"), 6); /* je */
	assert_int_equal(LENGTH("\x2e\x0f\x84\0\1\0\0"), 7);	 /* je,pn */
	assert_int_equal(LENGTH("\xe8\x00\x00\x00\x00"), 5);	 /* call */
	assert_int_equal(LENGTH("\xf2\xe9\x00\x00\x00\x00"), 6); /* bnd jmp */
	assert_int_equal(LENGTH("\xff\xd0"), 2);		 /* call *%rax */
	assert_int_equal(LENGTH("\x41\xff\xe4"), 3);		 /* jmp *%r12 */
	assert_int_equal(LENGTH("\x3e\xff\xe0"), 3);		 /* notrack jmp *%rax */
	assert_int_equal(LENGTH("\xff\x50\x08"), 3);		 /* call *8(%rax) */
	assert_int_equal(LENGTH("\xff\x25\x00\x00\x00\x00"), 6); /* jmp *(%rip) */
	assert_int_equal(LENGTH("\xff\x24\xc5\0\0\0\0"), 7);	 /* jmp *(,%rax,8) */
	assert_int_equal(LENGTH("\xff\x14\xc8"), 3);		 /* call *(%rax,%rcx,8) */
	assert_int_equal(LENGTH("\xff\x54\xc8\x10"), 4);	 /* call *16(%rax,%rcx,8) */
	assert_int_equal(LENGTH("\xff\x94\xc8\0\1\0\0"), 7);	 /* call *256(%rax,%rcx,8) */
	assert_int_equal(LENGTH("\x0f\x05"), 2);		 /* syscall */
}

static void others(void **state)
{
	(void)state;
	assert_int_equal(LENGTH(""), 0);
	assert_int_equal(LENGTH("\x90"), 0);	     /* nop */
	assert_int_equal(LENGTH("\xff\xc0"), 0);     /* inc %eax */
	assert_int_equal(LENGTH("\xff\xf0"), 0);     /* push */
	assert_int_equal(LENGTH("\xe8\x00\x00"), 0); /* cut off */
	assert_int_equal(LENGTH("\xff"), 0);
	assert_int_equal(LENGTH("\x0f"), 0);
	assert_int_equal(LENGTH("\xff\x24"), 0);
	assert_int_equal(LENGTH("\x66\x66\x66"), 0); /* prefixes of nothing */
	assert_int_equal(branch_length(EM_AARCH64, (const uint8_t *)"\0\0\0\x14", 4), 4);
	assert_int_equal(branch_length(EM_AARCH64, (const uint8_t *)"\0\0\0", 3), 0);
	assert_int_equal(branch_length(EM_RISCV, (const uint8_t *)"\x82\x80", 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(branches),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
