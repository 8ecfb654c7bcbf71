/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another layout for the same code: what a link needs so that functions and data
 * lie elsewhere, and nothing else changes.
 */
#ifndef PGO_DRIVERS_WRAPPER_LAYOUT_H
#define PGO_DRIVERS_WRAPPER_LAYOUT_H

#include <stdbool.h>

#include "pgo/base/strvec.h"

/*
 * Whether a linker pads sections by itself, by a seed, from what it says to
 * --version: lld 20 and newer. It keeps the order of sections, which is a part of
 * what a profile does. Source: lld 14.0.6, 19.1.7 and 22.1.8, by trial.
 */
bool layout_linker_pads(const char *version_text);
/* Its flag, added to flags. */
void layout_add_padding(unsigned layout, struct strvec *flags);

/* For all others: flags that keep the sections of wrapper_pad_source's object where
 * --gc-sections would drop them, added to flags. */
void layout_keep_pads(struct strvec *flags);

#endif
