/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/err.h"

#include <errno.h>
#include <stdio.h>

#include "pgo/base/mem.h"
#include "pgo/base/strbuf.h"

static const struct {
	const char *name;
	int exit;
} codes[PGO_NR_ECODES] = {
	[PGO_OK] = { "ok", PGO_EXIT_OK },
	[PGO_EUSAGE] = { "usage", PGO_EXIT_USAGE },
	[PGO_ECONFIG] = { "config", PGO_EXIT_USAGE },
	[PGO_ENOTFOUND] = { "not-found", PGO_EXIT_USAGE },
	[PGO_EPERM] = { "permission", PGO_EXIT_TOOL },
	[PGO_EIO] = { "io", PGO_EXIT_TOOL },
	[PGO_EFORMAT] = { "format", PGO_EXIT_DATA },
	[PGO_EVERSION] = { "version", PGO_EXIT_DATA },
	[PGO_EMISMATCH] = { "mismatch", PGO_EXIT_DATA },
	[PGO_ELIMIT] = { "limit", PGO_EXIT_DATA },
	[PGO_ETOOL] = { "tool", PGO_EXIT_TOOL },
	[PGO_ECHILD] = { "child", PGO_EXIT_CHILD },
	[PGO_EUNSUP] = { "unsupported", PGO_EXIT_TOOL },
	[PGO_ECANCELLED] = { "cancelled", 128 + 2 },
};

const char *pgo_ecode_name(enum pgo_ecode code)
{
	return code < PGO_NR_ECODES ? codes[code].name : "unknown";
}

int pgo_ecode_exit(enum pgo_ecode code)
{
	return code < PGO_NR_ECODES ? codes[code].exit : PGO_EXIT_TOOL;
}

void pgo_err_release(struct pgo_err *err)
{
	free(err->msg);
	free(err->hint);
	free(err->path);
	free(err->detail);
	*err = (struct pgo_err)PGO_ERR_INIT;
}

static char *__attribute__((format(printf, 1, 0))) format(const char *fmt, va_list ap)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_vaddf(&sb, fmt, ap);
	return strbuf_take(&sb);
}

static int set(struct pgo_err *err, enum pgo_ecode code, int errnum, char *msg)
{
	if (!err) {
		free(msg);
		return -(int)code;
	}
	pgo_err_release(err);
	err->code = code;
	err->errnum = errnum;
	err->msg = msg;
	return -(int)code;
}

int pgo_error(struct pgo_err *err, enum pgo_ecode code, const char *fmt, ...)
{
	va_list ap;
	char *msg;

	va_start(ap, fmt);
	msg = format(fmt, ap);
	va_end(ap);
	return set(err, code, 0, msg);
}

static enum pgo_ecode code_of_errno(int errnum)
{
	switch (errnum) {
	case EACCES:
	case EPERM:
	case EROFS:
		return PGO_EPERM;
	case ENOENT:
	case ENOTDIR:
		return PGO_ENOTFOUND;
	default:
		return PGO_EIO;
	}
}

int pgo_error_errno(struct pgo_err *err, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	int errnum = errno;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&sb, fmt, ap);
	va_end(ap);
	strbuf_addf(&sb, ": %s", strerror(errnum));
	return set(err, code_of_errno(errnum), errnum, strbuf_take(&sb));
}

int pgo_error_at(struct pgo_err *err, enum pgo_ecode code, const char *path, int64_t offset,
		 const char *fmt, ...)
{
	va_list ap;
	char *msg, *where;
	int ret;

	va_start(ap, fmt);
	msg = format(fmt, ap);
	va_end(ap);
	where = xstrdup(path); /* path may be the old error's own */
	ret = set(err, code, 0, msg);
	if (err) {
		err->path = TAKE_PTR(where);
		err->offset = offset;
	}
	free(where);
	return ret;
}

int pgo_err_hint(struct pgo_err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -PGO_EIO;
	va_start(ap, fmt);
	free(err->hint);
	err->hint = format(fmt, ap);
	va_end(ap);
	return -(int)err->code;
}

int pgo_err_detail(struct pgo_err *err, const char *text)
{
	if (!err)
		return -PGO_EIO;
	free(err->detail);
	err->detail = xstrdup(text);
	return -(int)err->code;
}

int pgo_err_prefix(struct pgo_err *err, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	if (!err)
		return -PGO_EIO;
	va_start(ap, fmt);
	strbuf_vaddf(&sb, fmt, ap);
	va_end(ap);
	strbuf_addf(&sb, ": %s", err->msg ? err->msg : "");
	free(err->msg);
	err->msg = strbuf_take(&sb);
	return -(int)err->code;
}
