/* SPDX-License-Identifier: Apache-2.0 */
/* perf script: lines into samples. */
#include "profiles/perf-script.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "profiles/sample-maps.h"

/* Stands for the one process of text that tells no pids. */
#define ANY_PID (UINT32_MAX - 1)
#define MAX_FRAMES 4096
#define MAX_BRANCHES 1024

/* The sample that lines are still coming for. */
struct open_sample {
	bool open, has_ip, has_chain;
	uint32_t pid, comm;
	size_t event;
	uint64_t period, ip;
	uint32_t nr_frames, nr_branches;
	/* Once the sample is whole the branches, from and to of each, stand behind the frames. */
	uint64_t frames[MAX_FRAMES + 2 * MAX_BRANCHES];
	uint64_t branches[2 * MAX_BRANCHES];
};

struct script {
	struct samples *out;
	const struct samples_opts *opts;
	struct sample_maps maps;
	struct open_sample at;
	struct script_line bare; /* the line before, where it is of this kind */
	struct strbuf bare_text;
	uint64_t line;
	uint64_t other_lines, bad_branches, deep;
};

static char *text(struct script_text t)
{
	return t.len ? xstrndup(t.p, t.len) : xstrdup("");
}

static size_t event_of(struct script *s, struct script_text name)
{
	PGO_AUTO_FREE char *n = name.len ? text(name) : xstrdup("samples");
	struct samples *out = s->out;

	for (size_t i = 0; i < out->nr_events; i++)
		if (!strcmp(out->events[i].name, n))
			return i;
	samples_add_event(out, n);
	out->tally.events = xrealloc_array(out->tally.events, out->nr_events,
					   sizeof(*out->tally.events));
	out->tally.events[out->nr_events - 1] = (struct sample_event){ 0 };
	out->tally.nr_events = out->nr_events;
	return out->nr_events - 1;
}

/* By the mappings; else by what the line says; an address of the upper half is the kernel's. */
static uint64_t place(struct script *s, uint32_t pid, uint64_t addr, struct script_text dso)
{
	bool kernel = addr >> 63;
	const struct sample_process *p =
		sample_maps_find(&s->maps, kernel ? SAMPLE_KERNEL_PID : pid);
	const struct sample_space *space = p ? sample_process_space(p, s->line) : NULL;
	const struct sample_map *map = space ? sample_space_map(space, addr) : NULL;
	PGO_AUTO_FREE char *name = NULL;

	if (map)
		return map->loc + (addr - map->start);
	if (kernel)
		return sample_loc(SAMPLE_BINARY_KERNEL, addr);
	if (!dso.len || dso.p[0] == '[')
		return sample_loc(SAMPLE_BINARY_UNKNOWN, addr);
	name = text(dso);
	return sample_loc(samples_binary(s->out, name, false, NULL), addr);
}

static void take_map(struct script *s, const struct script_line *l)
{
	PGO_AUTO_FREE char *name = text(l->dso);
	bool kernel = l->pid == SAMPLE_KERNEL_PID;
	uint32_t binary = samples_binary(s->out, name, kernel, NULL);
	enum sample_region region = s->out->binaries[binary].region;
	uint64_t at = region == SAMPLE_JIT || region == SAMPLE_UNKNOWN ? l->addr : l->pgoff;

	if (binary == SAMPLE_BINARY_KERNEL || at > SAMPLE_OFFSET_MASK ||
	    l->len > SAMPLE_OFFSET_MASK - at)
		return;
	sample_maps_add(&s->maps, s->line, l->pid, l->addr, l->len, sample_loc(binary, at));
	if (!kernel)
		sample_maps_add(&s->maps, s->line, ANY_PID, l->addr, l->len,
				sample_loc(binary, at));
}

static void add_frame(struct script *s, const struct script_line *l)
{
	struct open_sample *at = &s->at;
	uint64_t loc = place(s, at->pid, l->addr, l->dso);

	if (!at->has_ip) {
		at->has_ip = true;
		at->ip = loc;
	}
	if (at->nr_frames == MAX_FRAMES) {
		s->deep++;
		return;
	}
	if (l->symbol.len && s->opts->stacks)
		loc = samples_name(s->out, l->symbol.p, l->symbol.len);
	at->frames[at->nr_frames++] = loc;
}

static void add_pair(struct script *s, const struct sample_trace *e)
{
	struct open_sample *at = &s->at;

	if (at->nr_branches == MAX_BRANCHES) {
		s->deep++;
		return;
	}
	at->branches[2 * at->nr_branches] = e->from;
	at->branches[2 * at->nr_branches + 1] = e->to;
	at->nr_branches++;
}

static void add_branches(struct script *s, struct script_text words)
{
	struct sample_tally *t = &s->out->tally;
	uint64_t from = 0, to = 0, end = 0;
	bool mispredicted = false;
	int r;

	while ((r = script_branch_next(&words, &from, &to, &mispredicted)) != 0) {
		struct sample_trace e = { .count = 1, .mispredicted = mispredicted };

		if (r < 0) {
			s->bad_branches++;
			end = 0;
			continue;
		}
		if (s->opts->addresses)
			trace_table_add(&t->raw, &(struct sample_trace){ from, to, 0, 1, 0 });
		e.from = place(s, s->at.pid, from, (struct script_text){ 0 });
		e.to = place(s, s->at.pid, to, (struct script_text){ 0 });
		e.end = end;
		end = e.from;
		trace_table_add(&t->traces, &e);
		t->branch_entries++;
		t->mispredicted += mispredicted;
		t->events[s->at.event].branch_entries++;
		add_pair(s, &e);
	}
}

static void keep_hybrid(struct script *s)
{
	struct open_sample *at = &s->at;
	uint32_t nr = 2 * at->nr_branches;

	if (!at->has_chain || !nr)
		return;
	s->out->tally.hybrid_samples++;
	if (!s->opts->hybrids)
		return;
	memcpy(&at->frames[at->nr_frames], at->branches, nr * sizeof(*at->branches));
	stack_table_add(&s->out->tally.hybrids, at->frames, at->nr_frames + nr, at->nr_frames, 1);
}

static void end_sample(struct script *s)
{
	struct sample_tally *t = &s->out->tally;
	struct open_sample *at = &s->at;

	if (!at->open)
		return;
	at->open = false;
	t->samples++;
	t->events[at->event].samples++;
	t->events[at->event].period += at->period;
	if (!at->has_ip)
		at->ip = sample_loc(SAMPLE_BINARY_UNKNOWN, 0);
	address_table_add(&t->addresses, at->ip, 1);
	keep_hybrid(s);
	if (!s->opts->stacks)
		return;
	if (!at->nr_frames)
		at->frames[at->nr_frames++] = at->ip;
	stack_table_add(&t->stacks, at->frames, at->nr_frames, at->comm, 1);
}

static void begin_sample(struct script *s, const struct script_line *l)
{
	struct open_sample *at = &s->at;
	PGO_AUTO_FREE char *comm = text(l->comm);

	end_sample(s);
	at->open = true;
	at->has_ip = at->has_chain = false;
	at->nr_frames = 0;
	at->nr_branches = 0;
	at->pid = l->has_pid && sample_maps_find(&s->maps, l->pid) ? l->pid : ANY_PID;
	at->comm = *comm ? samples_comm(s->out, comm) : 0;
	at->event = event_of(s, l->event);
	at->period = l->period;
}

/* What may have been a head, until the next line tells. */
static void keep_bare(struct script *s, const struct script_line *l)
{
	s->bare = *l;
	strbuf_clear(&s->bare_text);
	strbuf_add(&s->bare_text, l->comm.p, l->comm.len);
	strbuf_add(&s->bare_text, l->event.p, l->event.len);
	s->bare.comm.p = s->bare_text.buf;
	s->bare.event.p = s->bare_text.buf + l->comm.len;
}

static void settle_bare(struct script *s, bool is_frame)
{
	if (s->bare.kind != SCRIPT_BARE)
		return;
	s->bare.kind = SCRIPT_OTHER;
	if (is_frame)
		begin_sample(s, &s->bare);
	else
		s->other_lines++;
}

static void take_line(struct script *s, const struct script_line *l)
{
	settle_bare(s, l->kind == SCRIPT_FRAME);
	switch (l->kind) {
	case SCRIPT_BLANK:
		end_sample(s);
		return;
	case SCRIPT_MMAP:
		take_map(s, l);
		return;
	case SCRIPT_FORK:
		sample_maps_fork(&s->maps, s->line, l->pid, l->parent);
		return;
	case SCRIPT_EXEC:
		sample_maps_exec(&s->maps, s->line, l->pid);
		return;
	case SCRIPT_LOST:
		s->out->lost += l->period;
		s->out->lost_records++;
		return;
	case SCRIPT_NOTE:
		return;
	case SCRIPT_OTHER:
		s->other_lines++;
		return;
	case SCRIPT_BARE:
		if (s->at.open) /* something that was printed in between */
			s->other_lines++;
		else
			keep_bare(s, l);
		return;
	case SCRIPT_HEAD:
		begin_sample(s, l);
		break;
	case SCRIPT_FRAME:
		if (!s->at.open)
			begin_sample(s, l);
		s->at.has_chain = true;
		break;
	case SCRIPT_SAMPLE:
		/* Branches alone belong to the call chain above them. */
		if (!s->at.open || l->has_addr || !s->at.nr_frames)
			begin_sample(s, l);
		break;
	}
	if (l->has_addr)
		add_frame(s, l);
	if (l->branches.len)
		add_branches(s, l->branches);
	if (l->kind == SCRIPT_SAMPLE)
		end_sample(s);
}

static int read_lines(struct script *s, FILE *f, const char *path, struct pgo_err *err)
{
	char *line = NULL;
	size_t alloc = 0;
	ssize_t len;

	errno = 0;
	while ((len = getline(&line, &alloc, f)) >= 0) {
		struct script_line l = { 0 };

		s->line++;
		while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			len--;
		script_line_read(line, (size_t)len, &l);
		take_line(s, &l);
	}
	free(line);
	settle_bare(s, false);
	if (ferror(f))
		return pgo_error_errno(err, "cannot read '%s'", path);
	end_sample(s);
	if (!s->out->tally.samples)
		return pgo_error_at(err, PGO_EFORMAT, path, 0, "no sample is in '%s'", path);
	return 0;
}

static void tell(struct script *s)
{
	s->out->format = "perf script";
	if (s->other_lines)
		samples_warn(s->out, "%" PRIu64 " lines are not understood", s->other_lines);
	if (s->bad_branches)
		samples_warn(s->out,
			     "%" PRIu64
			     " branches are not in addresses: use the field "
			     "brstack",
			     s->bad_branches);
	if (s->deep)
		samples_warn(s->out,
			     "%" PRIu64
			     " frames beyond the %dth and branches beyond the %dth are left out",
			     s->deep, MAX_FRAMES, MAX_BRANCHES);
	if (!s->maps.nr)
		samples_warn(s->out, "there are no mappings: use perf script --show-mmap-events");
}

int perf_script_read(const char *path, const struct samples_opts *opts, struct samples *out,
		     struct pgo_err *err)
{
	PGO_AUTO_FREE struct script *s = xcalloc(1, sizeof(*s));
	FILE *f = fopen(path, "re");
	int ret;

	if (!f)
		return pgo_error_errno(err, "cannot open '%s'", path);
	s->out = out;
	s->opts = opts;
	s->maps = (struct sample_maps)SAMPLE_MAPS_INIT;
	s->bare_text = (struct strbuf)STRBUF_INIT;
	ret = read_lines(s, f, path, err);
	fclose(f);
	tell(s);
	sample_maps_release(&s->maps);
	strbuf_release(&s->bare_text);
	if (!ret)
		samples_finish(out);
	return ret;
}
