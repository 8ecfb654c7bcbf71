/* SPDX-License-Identifier: Apache-2.0 */
/* What works on this machine: as tables, and as JSON. */
#ifndef PGO_REPORT_DOCTOR_H
#define PGO_REPORT_DOCTOR_H

#include "pgo/core/doctor.h"
#include "pgo/core/json.h"

/* The toolchains, their profiles for each other, the machine, and what mends what does not work. */
void show_doctor(const struct doctor *d, struct strbuf *out);
json_t *show_doctor_json(const struct doctor *d);

#endif
