/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers in an .afdo file, for its reader and its writer alone. */
#ifndef PGO_PROFILES_AFDO_FILE_H
#define PGO_PROFILES_AFDO_FILE_H

#include "profiles/afdo.h"

#define AFDO_MAGIC 0x67636461u /* "gcda" */
#define AFDO_TAG_NAMES 0xaa000000u
#define AFDO_TAG_FUNCTIONS 0xac000000u
#define AFDO_TAG_MODULES 0xae000000u
#define AFDO_TAG_WORKING_SETS 0xaf000000u
/* The only kind of value that is kept: whom an indirect call went to. */
#define AFDO_HIST_INDIRECT_CALL 7
#define AFDO_NR_WORKING_SETS 128

#endif
