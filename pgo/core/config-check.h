/* SPDX-License-Identifier: Apache-2.0 */
/* Passes between the text of pgo.yaml and struct config. Only for config-*.c. */
#ifndef PGO_CORE_CONFIG_CHECK_H
#define PGO_CORE_CONFIG_CHECK_H

#include "pgo/core/config-schema.h"
#include "pgo/core/config-where.h"

/*
 * Hold the tree against config_schema: keys, types, words. What passes here
 * libcyaml loads. -PGO_ECONFIG at the first fault.
 */
int config_check(const struct where_ctx *ctx, const struct where *root);

/*
 * Check the content of what libcyaml loaded and move it to cfg, of which root
 * is set and the defaults are in place. raw loses the strings that cfg gains.
 * -PGO_ECONFIG at the first fault; cfg and raw are then to be released as they are.
 */
int config_take(struct config *cfg, struct raw_config *raw, const struct where_ctx *ctx,
		const struct where *root);

/* "'x' is ...": -PGO_ECONFIG at the place, with the key's example as the hint. */
int config_bad_value(const struct where_ctx *ctx, const struct where *value, const char *key,
		     const char *must);

#endif
