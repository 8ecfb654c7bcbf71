/* SPDX-License-Identifier: Apache-2.0 */
/* Made-up validations that show each thing the page can show. */
#ifndef TESTS_LIB_HTML_CASES_H
#define TESTS_LIB_HTML_CASES_H

#include "pgo/core/evidence.h"

#define HOSTILE_NAME "</script><script>alert(1)</script> \"q\" 'a' & <b>\n\xff\xe2\x80\xae<!--"

struct html_case {
	const char *name;
	size_t nr_workloads;
	unsigned n_max, rounds;
	double effect;		/* ln(baseline / optimized) */
	double spread;		/* of a pair's */
	unsigned aa_every;	/* a round with an A/A pair; 0: none */
	unsigned invalid_every; /* a pair that does not count; 0: none */
	unsigned spike_every;	/* a run 20 times as long; 0: none */
	bool hostile;		/* names */
	bool counters;		/* hardware events were counted */
	bool miscompare;	/* the optimized side prints something else */
	bool ties;		/* times of a coarse clock */
	double aa_effect;	/* an instrument that is broken */
};

extern const struct html_case html_cases[];
extern const size_t nr_html_cases;
/* NULL when there is none of this name. */
const struct html_case *html_case_find(const char *name);
void html_case_make(const struct html_case *c, struct evidence *ret);

#endif
