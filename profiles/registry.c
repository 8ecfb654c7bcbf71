/* SPDX-License-Identifier: Apache-2.0 */
/* The formats that are known, and which of them a file is of. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pgo/base/mem.h"
#include "profiles/format.h"

#define HEAD_BYTES 4096

extern const struct prof_format prof_format_bolt_fdata;
extern const struct prof_format prof_format_collapsed;
extern const struct prof_format prof_format_gcc_afdo_v1;
extern const struct prof_format prof_format_gcc_afdo_v2;
extern const struct prof_format prof_format_gcda;
extern const struct prof_format prof_format_llvm_indexed;
extern const struct prof_format prof_format_llvm_raw;
extern const struct prof_format prof_format_llvm_sample_binary;
extern const struct prof_format prof_format_llvm_sample_extbinary;
extern const struct prof_format prof_format_llvm_sample_text;
extern const struct prof_format prof_format_llvm_text;
extern const struct prof_format prof_format_perf_data;
extern const struct prof_format prof_format_perf_script;

const struct prof_format *const prof_formats[] = {
	&prof_format_llvm_raw,
	&prof_format_llvm_indexed,
	&prof_format_llvm_text,
	&prof_format_llvm_sample_extbinary,
	&prof_format_llvm_sample_binary,
	&prof_format_llvm_sample_text,
	&prof_format_gcc_afdo_v2,
	&prof_format_gcc_afdo_v1,
	&prof_format_gcda,
	&prof_format_bolt_fdata,
	&prof_format_perf_data,
	&prof_format_perf_script,
	&prof_format_collapsed,
	NULL,
};

const struct prof_format *prof_format_find(const char *suffix, const char *family)
{
	for (size_t i = 0; prof_formats[i]; i++) {
		const struct prof_format *f = prof_formats[i];

		if (!strcmp(f->suffix + 1, suffix) &&
		    (!family || (f->family && !strcmp(f->family, family))))
			return f;
	}
	return NULL;
}

static int read_head(int fd, const char *path, uint8_t *head, size_t *ret_len, struct pgo_err *err)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, head + len, HEAD_BYTES - len);
		if (n < 0 && errno != EINTR)
			return pgo_error_errno(err, "cannot read '%s'", path);
		if (n > 0)
			len += (size_t)n;
	} while (n && len < HEAD_BYTES);
	*ret_len = len;
	return 0;
}

int prof_error_empty(const char *path, struct pgo_err *err)
{
	int ret = pgo_error_at(err, PGO_EFORMAT, path, 0, "'%s' is empty", path);

	pgo_err_hint(err,
		     "the process that was to write it was killed, or ended by _exit, "
		     "before it did");
	return ret;
}

/* head holds HEAD_BYTES and outlives the probe. */
static int probe_path(const char *path, uint8_t *head, struct prof_probe *probe,
		      struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int ret;

	if (fd < 0 || fstat(fd, &st))
		return pgo_error_errno(err, "cannot open '%s'", path);
	*probe = (struct prof_probe){ .path = path, .head = head };
	probe->is_dir = S_ISDIR(st.st_mode);
	if (probe->is_dir)
		return 0;
	/* It is read more than once, and what a pipe has given it does not give again. */
	if (!S_ISREG(st.st_mode)) {
		pgo_error_at(err, PGO_EUNSUP, path, -1, "'%s' is no regular file", path);
		return pgo_err_hint(err, "write it to a file, and name that one");
	}
	ret = read_head(fd, path, head, &probe->head_len, err);
	probe->size_bytes = (uint64_t)st.st_size;
	return ret || probe->head_len ? ret : prof_error_empty(path, err);
}

static int identify(const struct prof_probe *probe, const struct prof_format **ret_format,
		    struct pgo_err *err)
{
	const struct prof_format *best = NULL;
	int best_bits = 0;

	for (size_t i = 0; prof_formats[i]; i++) {
		int bits = prof_formats[i]->bid(probe);

		if (bits > best_bits) {
			best_bits = bits;
			best = prof_formats[i];
		}
	}
	if (!best)
		return pgo_error_at(err, PGO_EFORMAT, probe->path, 0,
				    probe->is_dir ? "no profile is below '%s'"
						  : "'%s' is no profile of a known format",
				    probe->path);
	*ret_format = best;
	return 0;
}

int prof_identify(const char *path, const struct prof_format **ret_format, struct pgo_err *err)
{
	uint8_t head[HEAD_BYTES];
	struct prof_probe probe;
	int ret = probe_path(path, head, &probe, err);

	return ret ? ret : identify(&probe, ret_format, err);
}

int prof_read(const char *path, const struct prof_read_opts *opts, struct profile *out,
	      struct pgo_err *err)
{
	static const struct prof_read_opts defaults;
	const struct prof_format *format = NULL;
	uint8_t head[HEAD_BYTES];
	struct prof_probe probe;
	int ret = probe_path(path, head, &probe, err);

	if (!ret)
		ret = identify(&probe, &format, err);
	if (!ret && !format->read)
		ret = pgo_error(err, PGO_EUNSUP, "'%s' is a %s: it holds samples, not counters",
				path, format->name);
	return ret ? ret : format->read(&probe, opts ? opts : &defaults, out, err);
}

bool prof_has_samples(const char *path)
{
	const struct prof_format *format;

	return !prof_identify(path, &format, NULL) && format->read_samples;
}

int prof_read_samples(const char *path, const struct samples_opts *opts, struct samples *out,
		      struct pgo_err *err)
{
	const struct prof_format *format = NULL;
	uint8_t head[HEAD_BYTES];
	struct prof_probe probe;
	int ret;

	samples_init(out);
	ret = probe_path(path, head, &probe, err);
	if (!ret)
		ret = identify(&probe, &format, err);
	if (!ret && !format->read_samples)
		ret = pgo_error(err, PGO_EMISMATCH, "'%s' is a %s profile: it holds no samples",
				path, format->name);
	return ret ? ret : format->read_samples(&probe, opts, out, err);
}
