/* SPDX-License-Identifier: Apache-2.0 */
/* One line of the wrapper's log. */
#ifndef PGO_DRIVERS_WRAPPER_LOG_H
#define PGO_DRIVERS_WRAPPER_LOG_H

#include "drivers/wrapper.h"
#include "pgo/base/strbuf.h"

struct log_call {
	const char *tool; /* as it was asked for */
	const char *dir;
	const struct strvec *files; /* sources; of a link the output */
	const char *output;	    /* of a link, else NULL */
	const char *map;	    /* of a link, or NULL */
	const char *mode;	    /* cc_mode_name, or "foreign" */
	const char *why;	    /* of "passed" and "foreign", or NULL */
	const struct strvec *added;
	uint64_t wall_ms;
	int status;		    /* of exit; 128 + n when ended by signal n */
	const uint64_t *warnings;   /* PROFILE_WARN_NR of them */
	const struct strvec *stale; /* the first few */
	uint64_t nr_stale;
};

void log_call_format(struct strbuf *out, const struct log_call *call);

#endif
