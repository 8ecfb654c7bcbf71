/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/preload.h"

#include <unistd.h>

#include "drivers/agent-wake.h"
#include "drivers/agent.h"
#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/core/elf-info.h"

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

/* Why the agent does not work in a file, by what to do about it. */
enum obstacle { FINE, STATIC, FOREIGN, STRIPPED, PRIVILEGED, NR_OBSTACLES };

static const struct {
	const char *what, *remedy;
} obstacles[] = {
	[STATIC] = { "static",
		     "link it dynamically in the instrumented build, or, with Clang 19 or newer, "
		     "collect --continuous" },
	[FOREIGN] = { "for another loader than pgoctl's", "train with a build for this system" },
	[STRIPPED] = { "stripped", "keep its symbols in the instrumented build" },
	[PRIVILEGED] = { "setuid or setgid", "train it without that" },
};

static enum obstacle obstacle_of(const struct elf_info *e, const char *path,
				 const char *interpreter)
{
	struct stat st;

	if (e->is_static)
		return STATIC;
	if (e->interpreter && interpreter && strcmp(e->interpreter, interpreter) != 0)
		return FOREIGN;
	if (!e->has_symbols)
		return STRIPPED;
	if (stat(path, &st))
		return FINE;
	/* The loader preloads nothing into what gets the rights of another. */
	return (st.st_mode & S_ISUID && st.st_uid != geteuid()) ||
			       (st.st_mode & S_ISGID && st.st_gid != getegid())
		       ? PRIVILEGED
		       : FINE;
}

static void tell(enum obstacle o, const char *first, size_t nr)
{
	PGO_AUTO_FREE char *more = nr > 1 ? xstrfmt(" (and %zu more)", nr - 1) : xstrdup("");

	log_warn(
		"'%s'%s is %s: what it counts before it executes another program or ends by "
		"_exit is lost, and forks may count twice; %s",
		first, more, obstacles[o].what, obstacles[o].remedy);
}

static void look_at_artifacts(const struct stage *s, const char *interpreter)
{
	const char *first[NR_OBSTACLES] = { NULL };
	size_t nr[NR_OBSTACLES] = { 0 };

	for (size_t i = 0; i < s->artifacts.nr; i++) {
		PGO_AUTO_FREE char *path = fs_join(s->out, s->artifacts.v[i]);
		PGO_AUTO(elf_info) e = ELF_INFO_INIT;
		enum obstacle o;

		if (elf_info_read(path, &e, NULL) || !e.text_bytes)
			continue;
		o = obstacle_of(&e, path, interpreter);
		if (!nr[o]++)
			first[o] = s->artifacts.v[i];
	}
	for (enum obstacle o = STATIC; o < NR_OBSTACLES; o++)
		if (nr[o])
			tell(o, first[o], nr[o]);
}

void preload_tell(const struct project *p, const struct stage *instrumented)
{
	PGO_AUTO_FREE char *agent = fs_join(p->tool_dir, AGENT_FILE);
	PGO_AUTO(strvec) env = STRVEC_INIT;
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	PGO_AUTO(elf_info) self = ELF_INFO_INIT;

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
	else if (!elf_info_read("/proc/self/exe", &self, NULL))
		look_at_artifacts(instrumented, self.interpreter);
}
