/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/agent.h"

#include <string.h>

int agent_env(const char *path, struct strvec *env, struct pgo_err *err)
{
	const char *old = strvec_getenv(env, "LD_PRELOAD");
	PGO_AUTO_FREE char *list = NULL;

	if (path[strcspn(path, " \t\n:$")])
		return pgo_error(err, PGO_EUNSUP, "LD_PRELOAD cannot hold the path '%s'", path);
	list = xstrfmt("%s%s%s", old ? old : "", old && *old ? ":" : "", path);
	strvec_setenv(env, "LD_PRELOAD", list);
	return 0;
}
