/* SPDX-License-Identifier: Apache-2.0 */
/* What the drivers share among themselves. */
#ifndef PGO_DRIVERS_DRIVERS_H
#define PGO_DRIVERS_DRIVERS_H

#include "drivers/compiler.h"

extern const struct compiler compiler_clang;
extern const struct compiler compiler_gcc;
extern const struct compiler compiler_rustc;

/* Relocations of what is linked, which llvm-bolt needs to move functions. */
#define POSTLINK_LDFLAG "-Wl,--emit-relocs"
/* Whether a compiler's profile belongs to the stage: BOLT may do without. */
static inline bool stage_wants_profile(const struct build_stage *stage)
{
	return stage->kind == STAGE_OPTIMIZED || (stage->kind == STAGE_PREBOLT && stage->profile);
}

static inline bool stage_wants_atomic(const struct build_stage *stage)
{
	return stage->update == PROFILE_UPDATE_ATOMIC ||
	       stage->update == PROFILE_UPDATE_PREFER_ATOMIC;
}

/* -PGO_EUNSUP when an optimized stage has none. */
int require_profile(const struct build_stage *stage, struct pgo_err *err);
/* -PGO_EUNSUP when the profile runtime would take raw_dir for a pattern. */
int raw_dir_check(const char *raw_dir, struct pgo_err *err);
/* LLVM_PROFILE_FILE for the runtime that clang and rustc share. */
int llvm_run_env(const char *raw_dir, bool continuous, struct strvec *env, struct pgo_err *err);
/* What makes LLVM's counters ones that can be mapped. Source: LLVM 19 and 22, by trial. */
#define LLVM_CONTINUOUS "-runtime-counter-relocation"
/* What has LLVM count by atomic additions. Source: LLVM 13, 14, 19 and 22, by trial. */
#define LLVM_ATOMIC "-instrprof-atomic-counter-update-all"
/* -PGO_EUNSUP when partial training, which only gcc knows, is asked for. */
int refuse_partial_training(const struct build_stage *stage, const char *family,
			    struct pgo_err *err);

#endif
