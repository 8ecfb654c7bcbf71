/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/wrapper/relink.h"

#include <unistd.h>

#include "drivers/wrapper/layout.h"
#include "pgo/base/child.h"

#define TIMEOUT_NS 60000000000u

void relink_release(struct relink *r)
{
	if (r->pad)
		unlink(r->pad);
	free(r->pad);
	strvec_release(&r->flags);
	*r = (struct relink)RELINK_INIT;
}

static int ask(struct child *c, const char *real, const struct strvec *target,
	       const struct strvec *env, const char *const *args, struct strbuf *out,
	       struct pgo_err *err)
{
	struct child_result res;

	strvec_push(&c->argv, real);
	strvec_pushv(&c->argv, target->v);
	for (; *args; args++)
		strvec_push(&c->argv, *args);
	strvec_pushv(&c->env, env->v);
	c->timeout_ns = TIMEOUT_NS;
	return child_capture(c, out, true, &res, err);
}

static int assemble(const struct relink *r, const char *source, const char *real,
		    const struct strvec *target, const struct strvec *env, struct pgo_err *err)
{
	const char *const args[] = { "-c", "-x", "assembler", source, "-o", r->pad, NULL };
	PGO_AUTO(child) c = CHILD_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	if (!ask(&c, real, target, env, args, &out, err))
		return 0;
	return pgo_error(err, PGO_ETOOL, "'%s' cannot assemble '%s': %s", real, source, out.buf);
}

int relink_prepare(struct relink *r, const struct wrapper_conf *conf, const char *real,
		   const struct strvec *target, const struct strvec *env, struct pgo_err *err)
{
	static const char *const version[] = { "-Wl,--version", NULL };
	PGO_AUTO(child) c = CHILD_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	/* One that does not answer gets the object, which any linker takes. */
	if (!ask(&c, real, target, env, version, &text, NULL) && layout_linker_pads(text.buf)) {
		layout_add_padding(conf->layout, &r->flags);
		return 0;
	}
	r->pad = xstrfmt("%s.%ld.o", conf->pad, (long)getpid());
	layout_keep_pads(&r->flags);
	return assemble(r, conf->pad, real, target, env, err);
}
