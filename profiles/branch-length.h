/* SPDX-License-Identifier: Apache-2.0 */
/* How long a branch instruction is. */
#ifndef PGO_PROFILES_BRANCH_LENGTH_H
#define PGO_PROFILES_BRANCH_LENGTH_H

#include <stddef.h>
#include <stdint.h>

/*
 * The bytes of the branch that code[0..len) begins with, for an ELF machine; 0: it is none,
 * or of a machine that is not known.
 * Source: Intel's Software Developer's Manual, volume 2, opcode maps; Arm's A64: 4 always.
 */
unsigned branch_length(unsigned machine, const uint8_t *code, size_t len);

#endif
