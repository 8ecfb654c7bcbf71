/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/base/strvec.h"
#include "pgo/core/environment.h"

char *environment_content(const char *root, const char *path)
{
	PGO_AUTO_FREE char *whole = xstrfmt("%s%s", root, path);
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	if (fs_read_file(whole, &text, NULL))
		return NULL;
	strbuf_rtrim(&text);
	return text.len ? strbuf_take(&text) : NULL;
}

static char *or_unknown(char *s)
{
	return s ? s : xstrdup("unknown");
}

struct word {
	const char *raw, *word;
};

/* The content in our words; "unknown" when it has none of them. */
static char *translated(const char *root, const char *path, const struct word *words, size_t nr)
{
	PGO_AUTO_FREE char *raw = environment_content(root, path);

	for (size_t i = 0; raw && i < nr; i++)
		if (!strcmp(raw, words[i].raw))
			return xstrdup(words[i].word);
	return NULL;
}

char *environment_value(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		const char *colon = p + len;

		if (strncmp(p, key, len) != 0)
			continue;
		colon += strspn(colon, " \t");
		if (*colon != ':')
			continue;
		colon += 1 + strspn(colon + 1, " \t");
		if (*colon && *colon != '\n')
			return xstrndup(colon, strcspn(colon, "\n"));
	}
	return NULL;
}

/* Each architecture has its own word for it, and ARM's servers have numbers. */
static char *cpu_model(const char *cpuinfo)
{
	static const char *const keys[] = { "model name", "Model", "cpu model", "cpu", "uarch" };
	PGO_AUTO_FREE char *implementer = NULL, *part = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char *model = environment_value(cpuinfo, keys[i]);

		if (model)
			return model;
	}
	implementer = environment_value(cpuinfo, "CPU implementer");
	part = environment_value(cpuinfo, "CPU part");
	if (implementer && part)
		return xstrfmt("CPU implementer %s part %s", implementer, part);
	return xstrdup("unknown CPU");
}

/* How many a list like "0-3,8" names; 0 when it is none. */
static unsigned count_list(const char *list)
{
	unsigned nr = 0;

	while (*list) {
		size_t len = strcspn(list, ",");
		PGO_AUTO_FREE char *range = xstrndup(list, len);
		char *dash = strchr(range, '-');
		unsigned from, to;

		if (dash)
			*dash++ = '\0';
		if (!num_parse_uint(range, &from) || !num_parse_uint(dash ? dash : range, &to) ||
		    to < from || to > 1u << 20)
			return 0;
		nr += to - from + 1;
		list += len + (list[len] == ',');
	}
	return nr;
}

static char *machine(const char *root)
{
	PGO_AUTO_FREE char *cpuinfo = or_unknown(environment_content(root, "/proc/cpuinfo"));
	PGO_AUTO_FREE char *online =
		or_unknown(environment_content(root, "/sys/devices/system/cpu/online"));
	PGO_AUTO_FREE char *flags = environment_value(cpuinfo, "flags"),
			   *model = cpu_model(cpuinfo);
	PGO_AUTO(strbuf) sb = STRBUF_INIT;
	unsigned nr = count_list(online);

	strbuf_addstr(&sb, model);
	if (nr)
		strbuf_addf(&sb, ", %u processor%s", nr, nr == 1 ? "" : "s");
	if (flags && (strstr(flags, " hypervisor ") || !strcmp(flags, "hypervisor")))
		strbuf_addstr(&sb, ", virtual");
	return strbuf_take(&sb);
}

static char *kernel(const char *root)
{
	PGO_AUTO_FREE char *type = environment_content(root, "/proc/sys/kernel/ostype");
	PGO_AUTO_FREE char *release = environment_content(root, "/proc/sys/kernel/osrelease");

	return type && release ? xstrfmt("%s %s", type, release) : NULL;
}

/* Of all processors, each name once. */
static char *governor(const char *root)
{
	static const char dir[] = "/sys/devices/system/cpu/cpufreq";
	PGO_AUTO_FREE char *whole = xstrfmt("%s%s", root, dir);
	PGO_AUTO(strvec) names = STRVEC_INIT;
	PGO_AUTO(strbuf) sb = STRBUF_INIT;
	DIR *d = opendir(whole);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		PGO_AUTO_FREE char *path = xstrfmt("%s/%s/scaling_governor", dir, e->d_name);
		PGO_AUTO_FREE char *name = environment_content(root, path);

		if (name && !strvec_has(&names, name))
			strvec_push(&names, name);
	}
	if (d)
		closedir(d);
	strvec_sort(&names);
	for (size_t i = 0; i < names.nr; i++)
		strbuf_addf(&sb, "%s%s", i ? " " : "", names.v[i]);
	return sb.len ? strbuf_take(&sb) : NULL;
}

static char *turbo(const char *root)
{
	static const struct word no_turbo[] = { { "0", "on" }, { "1", "off" } };
	static const struct word boost[] = { { "1", "on" }, { "0", "off" } };
	char *intel = translated(root, "/sys/devices/system/cpu/intel_pstate/no_turbo", no_turbo,
				 2);

	return intel ? intel : translated(root, "/sys/devices/system/cpu/cpufreq/boost", boost, 2);
}

/* "always [madvise] never" */
static char *chosen(char *choices)
{
	char *from = choices ? strchr(choices, '[') : NULL, *to = from ? strchr(from, ']') : NULL;
	char *ret = to ? xstrndup(from + 1, (size_t)(to - from) - 1) : NULL;

	free(choices);
	return ret;
}

void environment_describe(const char *root, struct environment_text *ret)
{
	static const struct word smt[] = { { "1", "on" }, { "0", "off" } };
	static const struct word aslr[] = { { "0", "off" }, { "1", "partial" }, { "2", "on" } };

	*ret = (struct environment_text){
		.machine = machine(root),
		.kernel = or_unknown(kernel(root)),
		.governor = or_unknown(governor(root)),
		.turbo = or_unknown(turbo(root)),
		.smt = or_unknown(translated(root, "/sys/devices/system/cpu/smt/active", smt, 2)),
		.aslr = or_unknown(translated(root, "/proc/sys/kernel/randomize_va_space", aslr,
					      3)),
		.thp = or_unknown(chosen(
			environment_content(root, "/sys/kernel/mm/transparent_hugepage/enabled"))),
		.clocksource = or_unknown(environment_content(root,
							      "/sys/devices/system/clocksource/"
							      "clocksource0/current_clocksource")),
	};
}

void environment_text_release(struct environment_text *t)
{
	free(t->machine);
	free(t->kernel);
	free(t->governor);
	free(t->turbo);
	free(t->smt);
	free(t->aslr);
	free(t->thp);
	free(t->clocksource);
	*t = (struct environment_text)ENVIRONMENT_TEXT_INIT;
}
