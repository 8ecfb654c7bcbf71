# SPDX-License-Identifier: Apache-2.0
# Audits of what was instrumented: included by the local.mk of this folder.
pgo_core_libpgocore_a_SOURCES += \
	pgo/core/audit.c pgo/core/audit.h \
	pgo/core/audit-answer.c \
	pgo/core/audit-names.c \
	pgo/core/audit-origin.c pgo/core/audit-origin.h \
	pgo/core/audit-stage.c pgo/core/audit-stage.h \
	pgo/core/link-map.c pgo/core/link-map.h

TAP_TESTS += tests/t/2100-audit.t tests/t/2110-check-profile.t tests/t/2120-representative.t
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/core-audit-test
tests_unit_core_audit_test_SOURCES = tests/unit/core-audit-test.c $(folder_sources)
tests_unit_core_audit_test_LDADD = $(core_test_libs)
endif
