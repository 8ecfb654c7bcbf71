/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/sampling.h"

#include <signal.h>
#include <sys/stat.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/num.h"

void sampler_release(struct sampler *s)
{
	sampling_machine_release(&s->machine);
	collect_choice_release(&s->choice);
}

int sampler_prepare(struct sampler *s, struct pgo_err *err)
{
	int ret = sampling_find_tool(s->collector, &s->machine, err);

	if (ret)
		return ret;
	sampling_probe(&counters_system, "", s->collector, s->wish.pid, &s->machine);
	ret = s->collector->preflight(&s->machine.facts, &s->wish, &s->choice, err);
	if (ret)
		return ret;
	log_step("%s samples %s%s%s", s->collector->name, s->choice.event,
		 s->choice.branches ? ", with branch stacks of " : "",
		 s->choice.branches ? s->choice.source : "");
	for (size_t i = 0; i < s->choice.notes.nr; i++)
		log_info("%s", s->choice.notes.v[i]);
	return 0;
}

void sampler_wrap(const struct sampler *s, const char *output, struct strvec *argv,
		  struct strvec *env)
{
	const struct collect_req req = {
		.choice = &s->choice,
		.wish = &s->wish,
		.tool = s->machine.tool,
		.output = output,
		.max_bytes = s->max_bytes,
	};

	s->collector->wrap(&req, argv, env);
}

void sampler_key(const struct sampler *s, const char *stage_key, char hex[DIGEST_HEX_LEN + 1])
{
	struct digest d;

	digest_init(&d);
	digest_add_str(&d, "sampling 1");
	digest_add_str(&d, stage_key);
	digest_add_str(&d, s->machine.version);
	digest_add_str(&d, s->choice.event);
	digest_add(&d, &s->choice.rate_hz, sizeof(s->choice.rate_hz));
	digest_add(&d, &s->choice.period, sizeof(s->choice.period));
	digest_add(&d, &s->choice.branches, sizeof(s->choice.branches));
	digest_add(&d, &s->duration_ns, sizeof(s->duration_ns));
	digest_add(&d, &s->max_bytes, sizeof(s->max_bytes));
	digest_hex(&d, hex);
}

/* It ends the command by SIGTERM, and itself by the same. */
static bool is_full(const struct sampler *s, const char *output, const struct child_result *res)
{
	struct stat st;

	return s->max_bytes && res->term_signal == SIGTERM && !res->timed_out &&
	       !stat(output, &st) && (uint64_t)st.st_size >= s->max_bytes;
}

int sampler_check(const struct sampler *s, const char *output, int ret,
		  const struct child_result *res, struct pgo_err *err)
{
	const struct collect_req req = { .output = output };
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	PGO_AUTO(strbuf) size = STRBUF_INIT;

	if (ret == -PGO_ECHILD && is_full(s, output, res)) {
		num_add_bytes(&size, s->max_bytes);
		log_warn(
			"the recording reached its largest size, %s: the run was ended there "
			"(--max-size)",
			size.buf);
		if (err) {
			pgo_err_release(err);
			*err = (struct pgo_err)PGO_ERR_INIT;
		}
		ret = 0;
	}
	if (!ret)
		return s->collector->finish(&req, err);
	if (ret == -PGO_ECHILD && s->collector->finish(&req, &why))
		pgo_err_prefix(err, "%s", why.msg);
	return ret;
}
