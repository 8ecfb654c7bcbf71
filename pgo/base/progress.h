/* SPDX-License-Identifier: Apache-2.0 */
/* One line on a terminal that tells how far long work is; nothing in a pipe. */
#ifndef PGO_BASE_PROGRESS_H
#define PGO_BASE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

/* title: the stage, what: the thing at work (may be NULL). total 0: unknown share. */
void progress_start(const char *title, size_t total);
void progress_step(size_t done, const char *what);
void progress_tick(void); /* redraw the elapsed time; cheap, called while waiting for a child */
void progress_stop(void); /* wipe the line */
void progress_wipe(void); /* before other output; the next tick draws it again */

#endif
