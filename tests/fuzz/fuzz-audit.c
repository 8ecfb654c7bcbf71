/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ELF file is audited or refused, and so is a linker's map; what is counted adds up.
 *
 * The corpus: 'CC -O2 -fPIC -fprofile-generate -c x.c', of gcc 12, clang 22, and clang 14 with -g,
 * then 'ld -z noseparate-code -shared x.o y.o'; the maps of ld and of ld.lld-22.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/core/audit.h"
#include "pgo/core/link-map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_map(const uint8_t *data, size_t size)
{
	PGO_AUTO(link_map) m = LINK_MAP_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	if (link_map_parse("map", (const char *)data, size, &m, &err)) {
		if (!err.msg)
			abort();
		return;
	}
	for (size_t i = 0; i < m.nr_pieces; i++)
		if (m.pieces[i].start >= m.pieces[i].end || !m.pieces[i].file)
			abort();
}

static void check_audit(const char *path)
{
	const struct audit_opts opts = { 0 };
	PGO_AUTO(audit) a = AUDIT_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	uint64_t functions = 0;

	if (audit_read(path, &opts, &a, &err)) {
		if (!err.msg)
			abort();
		return;
	}
	for (size_t i = 0; i < a.nr_findings; i++)
		functions += a.findings[i].bare.functions;
	if (functions != a.bare.functions || a.nr_functions < functions)
		abort();
	json_decref(audit_json(&a, SIZE_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd;

	if (size < 4 || memcmp(data,
			       "\x7f"
			       "ELF",
			       4) != 0) {
		check_map(data, size);
		return 0;
	}
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || fs_write_all(fd, data, size))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	check_audit(path);
	close(fd);
	return 0;
}
