/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/branch-length.h"

#include <elf.h>
#include <stdbool.h>

#define A64_LENGTH 4
#define X86_MAX_LENGTH 15

/* Legacy prefixes and REX. */
static bool is_prefix(uint8_t b)
{
	return b == 0x66 || b == 0x67 || b == 0xf2 || b == 0xf3 || (b & 0xf0) == 0x40 ||
	       (b & 0xe7) == 0x26 || b == 0x64 || b == 0x65;
}

/* Of ModRM, SIB and displacement in 64-bit mode. */
static unsigned operand_length(const uint8_t *p, size_t len)
{
	unsigned mod = p[0] >> 6, rm = p[0] & 7, bytes = 1;

	if (mod == 3)
		return 1;
	if (rm == 4) {
		bytes++;
		if (!mod && len > 1 && (p[1] & 7) == 5)
			return bytes + 4;
	}
	if (!mod)
		return rm == 5 ? bytes + 4 : bytes;
	return bytes + (mod == 1 ? 1 : 4);
}

static unsigned opcode_length(const uint8_t *p, size_t len)
{
	switch (p[0]) {
	case 0xc3: /* ret */
	case 0xcb:
	case 0xcc: /* int3 */
	case 0xcf: /* iret */
		return 1;
	case 0xc2: /* ret imm16 */
	case 0xca:
		return 3;
	case 0xe8: /* call, jmp */
	case 0xe9:
		return 5;
	case 0xcd: /* int */
	case 0xeb: /* jmp, loop, jcxz */
	case 0xe0:
	case 0xe1:
	case 0xe2:
	case 0xe3:
		return 2;
	case 0xff: /* call and jmp by register or memory */
		if (len < 2 || ((p[1] >> 3) & 7) < 2 || ((p[1] >> 3) & 7) > 5)
			return 0;
		return 1 + operand_length(p + 1, len - 1);
	case 0x0f:
		if (len > 1 && (p[1] & 0xf0) == 0x80) /* jcc rel32 */
			return 6;
		return len > 1 && (p[1] == 0x05 || p[1] == 0x34) ? 2 : 0; /* syscall, sysenter */
	default:
		return (p[0] & 0xf0) == 0x70 ? 2 : 0; /* jcc rel8 */
	}
}

static unsigned x86_length(const uint8_t *code, size_t len)
{
	unsigned at = 0, bytes;

	while (at < len && at < X86_MAX_LENGTH && is_prefix(code[at]))
		at++;
	if (at >= len)
		return 0;
	bytes = opcode_length(code + at, len - at);
	return bytes && at + bytes <= len ? at + bytes : 0;
}

unsigned branch_length(unsigned machine, const uint8_t *code, size_t len)
{
	if (machine == EM_AARCH64)
		return len < A64_LENGTH ? 0 : A64_LENGTH;
	return machine == EM_X86_64 ? x86_length(code, len) : 0;
}
