/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/preload.h"

#include "drivers/agent-wake.h"
#include "drivers/agent.h"
#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/core/obstacle.h"

void preload_env(const struct project *p, struct strvec *env)
{
	PGO_AUTO_FREE char *agent = fs_join(p->tool_dir, AGENT_FILE);
	PGO_AUTO_FREE char *every = NULL;

	if (!fs_exists(agent) || agent_env(agent, env, NULL) || !p->every_ns)
		return;
	every = xstrfmt("%llu", (unsigned long long)((p->every_ns + 999999) / 1000000));
	strvec_setenv(env, AGENT_EVERY, every);
}

int preload_watch(const char *running, struct strvec *env, struct pgo_err *err)
{
	strvec_setenv(env, AGENT_RUNNING, running);
	return fs_mkdir_p(running, err);
}

uint64_t preload_unsaved(const char *running)
{
	PGO_AUTO(strvec) names = STRVEC_INIT;

	/* A run without the agent has no such folder. */
	if (fs_list(running, &names, NULL))
		return 0;
	fs_remove_tree(running, NULL);
	return names.nr;
}

static void tell(enum obstacle o, const char *first, size_t nr)
{
	PGO_AUTO_FREE char *more = nr > 1 ? xstrfmt(" (and %zu more)", nr - 1) : xstrdup("");

	log_warn(
		"'%s'%s is %s: what it counts before it executes another program or ends by "
		"_exit is lost, and forks may count twice; %s",
		first, more, obstacle_name(o), obstacle_remedy(o));
}

static void look_at_artifacts(const struct stage *s)
{
	const char *first[NR_OBSTACLES] = { NULL };
	size_t nr[NR_OBSTACLES] = { 0 };

	for (size_t i = 0; i < s->artifacts.nr; i++) {
		PGO_AUTO_FREE char *path = fs_join(s->out, s->artifacts.v[i]);
		enum obstacle o = obstacle_of_file(path);

		if (!nr[o]++)
			first[o] = s->artifacts.v[i];
	}
	for (enum obstacle o = OBSTACLE_NONE + 1; o < NR_OBSTACLES; o++)
		if (nr[o])
			tell(o, first[o], nr[o]);
}

void preload_tell(const struct project *p, const struct stage *instrumented)
{
	PGO_AUTO_FREE char *agent = fs_join(p->tool_dir, AGENT_FILE);
	PGO_AUTO(strvec) env = STRVEC_INIT;
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;

	if (!fs_exists(agent))
		log_warn(
			"no '%s': counts are lost where a program executes another or ends by "
			"_exit, and forks may count twice; install pgoctl completely",
			agent);
	else if (agent_env(agent, &env, &why))
		log_warn(
			"%s: counts are lost where a program executes another or ends by _exit, "
			"and forks may count twice; install pgoctl in another folder",
			why.msg);
	else
		look_at_artifacts(instrumented);
}
