/* SPDX-License-Identifier: Apache-2.0 */
/* Chatter on stderr. The level is the program's only global state. */
#ifndef PGO_BASE_LOG_H
#define PGO_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_QUIET, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* Each prints "pgoctl: ..." and a newline in one write; a progress line is wiped first. */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* "pgoctl: warning: " */
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* What has just been done: only where somebody looks on (a terminal), or with -v. */
void log_step(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Whether stderr takes colours: a terminal, NO_COLOR unset, TERM not dumb. */
bool log_colour(int fd);

#endif
