/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/machine.h"

#include <stdio.h>
#include <sys/utsname.h>

#include "pgo/base/fs.h"

char *machine_name(void)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	struct utsname u;
	const char *model;

	if (uname(&u))
		return xstrdup("unknown");
	fs_read_file("/proc/cpuinfo", &text, NULL);
	model = strstr(text.buf, "model name");
	model = model ? strchr(model, ':') : NULL;
	if (!model)
		return xstrdup(u.machine);
	model += 1 + strspn(model + 1, " \t");
	return xstrfmt("%s, %.*s", u.machine, (int)strcspn(model, "\n"), model);
}

char *kernel_name(void)
{
	struct utsname u;

	return uname(&u) ? xstrdup("unknown") : xstrfmt("%s %s", u.sysname, u.release);
}
