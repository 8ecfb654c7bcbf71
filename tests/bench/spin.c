/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is timed: some 25 ms of arithmetic, times the argument in thousandths.
 * It prints the same whatever the argument, since what two builds print is compared.
 */
#include <stdint.h>
#include <stdio.h>

#include "pgo/base/num.h"

#define STEPS 11000u	/* for a thousandth */

int main(int argc, char **argv)
{
	volatile uint64_t sink;
	uint64_t x = 88172645463325252u, n = 1000;

	if (argc > 2 || (argc == 2 && (!num_parse_u64(argv[1], &n) || n > 1000000)))
		return 2;
	for (uint64_t i = 0; i < n * STEPS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	sink = x;
	(void)sink;
	return puts("done") < 0;
}
