/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/sample-maps.h"

/* vm.max_map_count's default; a bound on what hostile recordings make this one copy. */
#define MAX_MAPS 65530
#define MAX_COPIED (1u << 22)

void sample_maps_release(struct sample_maps *m)
{
	for (size_t i = 0; i < m->nr; i++) {
		free(m->processes[i]->spaces);
		free(m->processes[i]->names);
	}
	free(m->processes);
	hashmap_release(&m->ids);
	arena_release(&m->arena);
	*m = (struct sample_maps)SAMPLE_MAPS_INIT;
}

const struct sample_process *sample_maps_find(const struct sample_maps *m, uint32_t pid)
{
	const struct hashmap_entry *e = hashmap_find(&m->ids, &pid, sizeof(pid));

	return e ? e->value : NULL;
}

static struct sample_process *process(struct sample_maps *m, uint32_t pid)
{
	const struct hashmap_entry *e = hashmap_find(&m->ids, &pid, sizeof(pid));
	struct sample_process *p;

	if (e)
		return e->value;
	p = arena_zalloc(&m->arena, 1, sizeof(*p));
	p->id = pid;
	hashmap_put(&m->ids, &p->id, sizeof(p->id), NULL)->value = p;
	VEC_GROW(m->processes, m->nr, m->alloc);
	m->processes[m->nr++] = p;
	return p;
}

static struct sample_space *new_space(struct sample_process *p, uint64_t time)
{
	VEC_GROW(p->spaces, p->nr, p->alloc);
	p->spaces[p->nr] = (struct sample_space){ .since = time };
	return &p->spaces[p->nr++];
}

/* The first map that ends behind addr. */
static uint32_t find(const struct sample_space *s, uint64_t addr)
{
	uint32_t low = 0, high = s->nr;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (s->maps[mid].end <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct sample_map *sample_space_map(const struct sample_space *space, uint64_t addr)
{
	uint32_t at = find(space, addr);

	return at < space->nr && space->maps[at].start <= addr ? &space->maps[at] : NULL;
}

/* Make the maps this space's own, with room for extra more. */
static void own(struct sample_maps *m, struct sample_space *s, uint32_t extra)
{
	struct sample_map *maps;

	if (!s->shared && s->nr + extra <= s->alloc)
		return;
	s->alloc = s->nr + extra < 16 ? 16 : (s->nr + extra) * 2;
	maps = arena_alloc(&m->arena, s->alloc, sizeof(*maps));
	if (s->nr)
		memcpy(maps, s->maps, s->nr * sizeof(*maps));
	if (s->shared)
		m->nr_copied += s->nr;
	s->maps = maps;
	s->shared = false;
}

/* Put map into s in place of whatever of others it covers. At most one is split in two. */
static void replace(struct sample_maps *m, struct sample_space *s, struct sample_map map)
{
	uint32_t first, last;
	struct sample_map put[3];
	uint32_t nr = 0;

	own(m, s, 2);
	first = last = find(s, map.start);
	while (last < s->nr && s->maps[last].start < map.end)
		last++;
	if (first < last && s->maps[first].start < map.start) {
		put[nr] = s->maps[first];
		put[nr++].end = map.start;
	}
	put[nr++] = map;
	if (first < last && s->maps[last - 1].end > map.end) {
		put[nr] = s->maps[last - 1];
		put[nr].loc += map.end - put[nr].start;
		put[nr++].start = map.end;
	}
	memmove(&s->maps[first + nr], &s->maps[last], (s->nr - last) * sizeof(*s->maps));
	memcpy(&s->maps[first], put, nr * sizeof(*put));
	s->nr = s->nr - (last - first) + nr;
}

/* Whether what map covers is mapped there already, the same way. */
static bool agrees(const struct sample_space *s, const struct sample_map *map)
{
	for (uint32_t i = find(s, map->start); i < s->nr && s->maps[i].start < map->end; i++)
		if (s->maps[i].loc - s->maps[i].start != map->loc - map->start)
			return false;
	return true;
}

void sample_maps_add(struct sample_maps *m, uint64_t time, uint32_t pid, uint64_t start,
		     uint64_t len, uint64_t loc)
{
	const struct sample_map map = { start, start + len, loc };
	struct sample_process *p;
	struct sample_space *s;

	if (!len || start + len < start)
		return;
	p = process(m, pid);
	s = p->nr ? &p->spaces[p->nr - 1] : new_space(p, time);
	if (s->nr >= MAX_MAPS) {
		m->nr_refused++;
		return;
	}
	if (!agrees(s, &map)) {
		if (m->nr_copied + s->nr > MAX_COPIED) {
			m->nr_merged++;
		} else if (s->since != time) {
			struct sample_space old = *s;

			s->shared = true;
			s = new_space(p, time);
			s->maps = old.maps;
			s->nr = old.nr;
			s->shared = true;
		}
	}
	replace(m, s, map);
}

void sample_maps_fork(struct sample_maps *m, uint64_t time, uint32_t pid, uint32_t parent)
{
	struct sample_process *p, *from;
	struct sample_space *s, *of;

	if (pid == parent)
		return;
	from = process(m, parent);
	p = process(m, pid);
	s = new_space(p, time);
	if (!from->nr)
		return;
	of = &from->spaces[from->nr - 1];
	if (m->nr_copied + of->nr > MAX_COPIED) {
		m->nr_merged++;
		return;
	}
	of->shared = true;
	s->maps = of->maps;
	s->nr = of->nr;
	s->shared = true;
}

void sample_maps_exec(struct sample_maps *m, uint64_t time, uint32_t pid)
{
	struct sample_process *p = process(m, pid);

	if (p->nr && p->spaces[p->nr - 1].nr)
		new_space(p, time);
}

void sample_maps_name(struct sample_maps *m, uint64_t time, uint32_t tid, uint32_t comm)
{
	struct sample_process *p = process(m, tid);

	if (p->nr_names && p->names[p->nr_names - 1].comm == comm)
		return;
	VEC_GROW(p->names, p->nr_names, p->alloc_names);
	p->names[p->nr_names++] = (struct sample_name){ time, comm };
}

void sample_maps_name_fork(struct sample_maps *m, uint64_t time, uint32_t tid, uint32_t parent)
{
	const struct sample_process *from = sample_maps_find(m, parent);

	if (tid != parent && from && from->nr_names)
		sample_maps_name(m, time, tid, from->names[from->nr_names - 1].comm);
}

const struct sample_space *sample_process_space(const struct sample_process *p, uint64_t time)
{
	size_t low = 0, high = p->nr;

	if (!p->nr)
		return NULL;
	/* The last space that began at time or before. */
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (p->spaces[mid].since <= time)
			low = mid;
		else
			high = mid;
	}
	return &p->spaces[low];
}

uint32_t sample_process_name(const struct sample_process *p, uint64_t time)
{
	size_t at = p->nr_names;

	while (at > 1 && p->names[at - 1].since > time)
		at--;
	return at ? p->names[at - 1].comm : 0;
}
