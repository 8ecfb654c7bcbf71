# SPDX-License-Identifier: Apache-2.0
# Audits; included by pgo/report/local.mk.
pgo_report_libpgoreport_a_SOURCES += \
	pgo/report/audit.h \
	pgo/report/check.h \
	pgo/report/show-accept.c \
	pgo/report/show-audit.c \
	pgo/report/show-github.c \
	pgo/report/show-losses.c \
	pgo/report/show-represent.c \
	pgo/report/show-stale.c
