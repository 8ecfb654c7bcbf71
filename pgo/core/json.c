/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/json.h"

#include <inttypes.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"

json_t *js_string(const char *s)
{
	PGO_AUTO(strbuf) quoted = STRBUF_INIT;
	json_t *o;

	if (!s)
		return json_null();
	o = json_string(s);
	if (o)
		return o;
	strbuf_addjson(&quoted, s);
	return json_loadb(quoted.buf, quoted.len, JSON_DECODE_ANY, NULL);
}

json_t *js_u64(uint64_t v)
{
	if (v <= INT64_MAX)
		return json_integer((json_int_t)v);
	return json_sprintf("%" PRIu64, v);
}

static int add_to_strbuf(const char *data, size_t len, void *out)
{
	strbuf_add(out, data, len);
	return 0;
}

void js_dump(const json_t *o, struct strbuf *out, bool one_line)
{
	json_dump_callback(o, add_to_strbuf, out,
			   JSON_PRESERVE_ORDER | (one_line ? JSON_COMPACT : JSON_INDENT(2)));
}

int js_parse(const char *path, const char *text, size_t len, json_t **ret, struct pgo_err *err)
{
	json_error_t je;
	json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je);

	if (!o)
		return pgo_error_at(err, PGO_EFORMAT, path, je.position,
				    "'%s' is no valid JSON: line %d: %s", path, je.line, je.text);
	if (!json_is_object(o)) {
		json_decref(o);
		return pgo_error_at(err, PGO_EFORMAT, path, 0, "'%s' holds no JSON object", path);
	}
	*ret = o;
	return 0;
}

int js_load(const char *path, json_t **ret, struct pgo_err *err)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	int r = fs_read_file(path, &text, err);

	return r ? r : js_parse(path, text.buf, text.len, ret, err);
}

const char *js_get_string(const json_t *o, const char *key, bool *ok)
{
	const char *s = json_string_value(json_object_get(o, key));

	if (!s)
		*ok = false;
	return s ? s : "";
}

uint64_t js_get_u64(const json_t *o, const char *key, bool *ok)
{
	const json_t *v = json_object_get(o, key);
	uint64_t n = 0;

	if (json_is_integer(v) && json_integer_value(v) >= 0)
		return (uint64_t)json_integer_value(v);
	if (!json_is_string(v) || !num_parse_u64(json_string_value(v), &n))
		*ok = false;
	return n;
}

double js_get_double(const json_t *o, const char *key, bool *ok)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_number(v))
		*ok = false;
	return json_number_value(v);
}
