/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/plan.h"

#include "pgo/base/strbuf.h"

void plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->nr; i++) {
		free(p->steps[i].name);
		strvec_release(&p->steps[i].commands);
	}
	free(p->steps);
	*p = (struct plan)PLAN_INIT;
}

struct plan_step *plan_add(struct plan *p, bool done, const char *fmt, ...)
{
	struct strbuf name = STRBUF_INIT;
	struct plan_step *s;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&name, fmt, ap);
	va_end(ap);
	VEC_GROW(p->steps, p->nr, p->alloc);
	s = &p->steps[p->nr++];
	*s = (struct plan_step){ strbuf_take(&name), done, STRVEC_INIT };
	return s;
}
