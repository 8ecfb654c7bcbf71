/* SPDX-License-Identifier: Apache-2.0 */
/* The list of images, kept from call to call. */
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "drivers/agent/agent.h"

static struct agent_image first_room[32];
static struct {
	struct agent_image *images; /* the instrumented ones first */
	size_t nr, nr_instrumented, room;
	unsigned long long adds, subs; /* of the loader, when the list was made */
	bool made;
} list = { .images = first_room, .room = sizeof(first_room) / sizeof(*first_room) };

static bool make_room(void)
{
	size_t room = 2 * list.room;
	void *images;

	if (list.nr < list.room)
		return true;
	images = mmap(NULL, room * sizeof(*list.images), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (images == MAP_FAILED)
		return false;
	memcpy(images, list.images, list.nr * sizeof(*list.images));
	if (list.images != first_room)
		munmap(list.images, list.room * sizeof(*list.images));
	list.images = images;
	list.room = room;
	return true;
}

static bool is_listed(const struct dl_phdr_info *info)
{
	for (size_t i = 0; i < list.nr; i++)
		if (list.images[i].base == info->dlpi_addr &&
		    list.images[i].phdr == info->dlpi_phdr)
			return true;
	return false;
}

/* Once: the loader's numbers, which are the same for each object. */
static int take_numbers(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	unsigned long long *numbers = arg;

	(void)bytes;
	numbers[0] = info->dlpi_adds;
	numbers[1] = info->dlpi_subs;
	return 1;
}

static bool holds(const struct dl_phdr_info *info, uintptr_t address)
{
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD && address - info->dlpi_addr - p->p_vaddr < p->p_memsz)
			return true;
	}
	return false;
}

/* The loader, the kernel's, libc and this: no need to open their files. */
static bool is_system(const struct dl_phdr_info *info)
{
	return info->dlpi_addr == getauxval(AT_BASE) || holds(info, getauxval(AT_SYSINFO_EHDR)) ||
	       holds(info, (uintptr_t)getauxval) || holds(info, (uintptr_t)agent_images);
}

static int take_object(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct agent_image *image;

	(void)bytes;
	(void)arg;
	if (is_listed(info) || !make_room())
		return 0;
	image = &list.images[list.nr++];
	*image = (struct agent_image){
		.base = info->dlpi_addr, .phdr = info->dlpi_phdr, .from_start = !list.made
	};
	if (!is_system(info))
		agent_image_read(image, info->dlpi_phnum, info->dlpi_name);
	return 0;
}

/* Where an object went, another may be since: only what was there before main stays for sure. */
static void drop_gone(void)
{
	size_t nr = 0;

	for (size_t i = 0; i < list.nr; i++)
		if (list.images[i].from_start)
			list.images[nr++] = list.images[i];
	list.nr = nr;
}

static void order(void)
{
	list.nr_instrumented = 0;
	for (size_t i = 0; i < list.nr; i++) {
		struct agent_image image = list.images[i];

		if (image.runtime == AGENT_NONE)
			continue;
		list.images[i] = list.images[list.nr_instrumented];
		list.images[list.nr_instrumented++] = image;
	}
}

size_t agent_images(struct agent_image **ret)
{
	unsigned long long now[2] = { 0, 0 };

	dl_iterate_phdr(take_numbers, now);
	if (!list.made || now[0] != list.adds || now[1] != list.subs) {
		if (now[1] != list.subs)
			drop_gone();
		dl_iterate_phdr(take_object, NULL);
		order();
		list.adds = now[0];
		list.subs = now[1];
		list.made = true;
	}
	*ret = list.images;
	return list.nr_instrumented;
}
