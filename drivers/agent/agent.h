/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgoctl-agent.so, inside of it: preloaded into the programs of a training run,
 * it sees to it that no count is lost or counted twice where the profile
 * runtimes do not. It stands alone: libc only, no allocation, nothing printed.
 * What it has to remember is in static variables of the file that uses it.
 */
#ifndef PGO_DRIVERS_AGENT_AGENT_H
#define PGO_DRIVERS_AGENT_AGENT_H

#include <elf.h>
#include <link.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory of the running image, empty: it has none. */
struct agent_range {
	void *start;
	size_t bytes;
};

enum agent_runtime { AGENT_NONE, AGENT_LLVM, AGENT_GCC };

/*
 * An executable or shared object of this process. Each instrumented one has a
 * copy of the profile runtime of its own, whose functions are hidden: they are
 * found in the file's symbol table, and NULL when it was stripped or the linker
 * left them out.
 * Source: compiler-rt/lib/profile of LLVM 14, 19 and 22, libgcc/libgcov of GCC 12.
 */
struct agent_image {
	uintptr_t base;
	const ElfW(Phdr) * phdr;
	enum agent_runtime runtime;
	bool from_start; /* there before main: it stays where it is */
	/* LLVM: counters, bitmap, nodes of value profiles: also in a stripped file. */
	struct agent_range counters, bitmap, nodes;
	/* LLVM: adds the counters to the file, 0 when done; afterwards they hold the file's. */
	int (*write)(void);
	int (*continuous)(void);	    /* whether the counters are a mapping of the file */
	void (*set_filename)(const char *); /* takes a copy */
	void (*at_exit)(void);		    /* what the runtime has called at exit */
	/* GCC: adds the counters of all images that it knows to their files, once until reset. */
	void (*dump)(void);
	void (*last_dump)(void); /* of this image only, and never again */
	void (*reset)(void);	 /* both */
};

/*
 * Fill runtime and what follows from the file that is mapped at image->base;
 * path may be empty for the executable. What is no ELF file of this kind, or not
 * the one that is mapped, is AGENT_NONE.
 */
void agent_image_read(struct agent_image *image, size_t nr_phdrs, const char *path);

/*
 * The process' instrumented images, found anew when objects came or went since.
 * The list is good until the next call; one thread at a time. Returns how many.
 */
size_t agent_images(struct agent_image **ret);

/* Find the images and watch forks and exits; once, before anything else here has an effect. */
void agent_start(void);

/*
 * In a process that keeps its memory to itself: write what was counted, and begin at 0. False
 * when an image could not be written: it lacks the function for that, or that failed.
 */
bool agent_save(void);
/* The same for the last time: a signal ends it now. */
bool agent_save_at_end(void);
/* Before memory is given up for another program; also in a child of vfork. */
void agent_save_for_exec(void);
/* It is not given up: there is no such program. */
void agent_exec_failed(void);
/* Before the process ends without the runtimes' knowing. */
void agent_save_for_exit(void);
/* In a new process: the counts so far are the parent's. */
void agent_forget(void);
/* function, which is to be called at exit: what takes its place, or function itself. */
void (*agent_exit_function(void (*function)(void *), void **arg))(void *);

/* This process has counts that are not saved yet; nothing when nobody wants to know (mark.c). */
void agent_mark(void);
/* It has none any more. */
void agent_unmark(void);

/*
 * The thread that writes when a signal asks for it (helper.c); once, in a process that has
 * instrumented images. What would end the program by default is caught from then on.
 */
void agent_helper_start(void);
/* In the child of a fork: threads are not inherited. */
void agent_helper_restart(void);
/* From a handler: have all written. False: it was not, after some seconds. */
bool agent_ask_to_save(void);
/* Whether act, for sig, is SIG_DFL where it is to be caught: then act becomes what catches it. */
bool agent_catch(int sig, struct sigaction *act);
/* What the program is told of it. */
void agent_uncatch(struct sigaction *act);
/* The next definition of sigaction. */
int agent_next_sigaction(int sig, const struct sigaction *act, struct sigaction *old);

#endif
