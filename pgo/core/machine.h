/* SPDX-License-Identifier: Apache-2.0 */
/* What machine this is, for people who read a result elsewhere. malloc'ed strings. */
#ifndef PGO_CORE_MACHINE_H
#define PGO_CORE_MACHINE_H

char *machine_name(void);	/* "x86_64, CPU model" */
char *kernel_name(void);	/* "Linux 6.1.0" */

#endif
