/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/collector.h"

extern const struct collector collector_perf;

const struct collector *const collectors[] = { &collector_perf, NULL };

void collect_choice_release(struct collect_choice *c)
{
	free(c->event);
	strvec_release(&c->notes);
}
