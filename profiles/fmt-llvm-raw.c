/* SPDX-License-Identifier: Apache-2.0 */
/* LLVM's raw profiles as a format: read without LLVM, see profiles/llvm/raw.h. */
#include "profiles/llvm/format.h"

static int bid_raw(const struct prof_probe *probe)
{
	return llvm_format_bid(probe, LLVM_FORM_RAW);
}

const struct prof_format prof_format_llvm_raw = {
	.name = "llvm-raw",
	.summary = "LLVM raw profile, as a process leaves it",
	.suffix = ".profraw",
	.caps = PROF_CAP_READ | PROF_CAP_RAW,
	.family = "llvm",
	.bid = bid_raw,
	.read = llvm_format_read,
	.merge = llvm_format_merge,
};
