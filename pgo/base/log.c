/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/progress.h"
#include "pgo/base/strbuf.h"

static enum log_level current = LOG_INFO;

void log_set_level(enum log_level level)
{
	current = level;
}

enum log_level log_get_level(void)
{
	return current;
}

static void __attribute__((format(printf, 3, 0)))
emit(enum log_level level, const char *label, const char *fmt, va_list ap)
{
	PGO_AUTO(strbuf) line = STRBUF_INIT;
	int saved = errno;

	if (level > current)
		return;
	strbuf_addf(&line, "pgoctl: %s", label);
	strbuf_vaddf(&line, fmt, ap);
	strbuf_addch(&line, '\n');
	progress_wipe();
	fs_write_all(STDERR_FILENO, line.buf, line.len);
	errno = saved;
}

#define DEFINE_LOG(name, level, label)          \
	void name(const char *fmt, ...)         \
	{                                       \
		va_list ap;                     \
                                                \
		va_start(ap, fmt);              \
		emit(level, label, fmt, ap);    \
		va_end(ap);                     \
	}

DEFINE_LOG(log_warn, LOG_WARN, "warning: ")
DEFINE_LOG(log_info, LOG_INFO, "")
DEFINE_LOG(log_step, isatty(STDERR_FILENO) ? LOG_INFO : LOG_DEBUG, "")
DEFINE_LOG(log_debug, LOG_DEBUG, "debug: ")

bool log_colour(int fd)
{
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");

	return isatty(fd) && !(no_colour && *no_colour) && term && strcmp(term, "dumb") != 0;
}
