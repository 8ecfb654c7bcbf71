# SPDX-License-Identifier: Apache-2.0
# The page of HTML; included by pgo/report/local.mk.
pgo_report_libpgoreport_a_SOURCES += \
	pgo/report/html.c pgo/report/html.h \
	pgo/report/html-axis.c pgo/report/html-axis.h \
	pgo/report/html-chart.c pgo/report/html-chart.h \
	pgo/report/html-data.c \
	pgo/report/html-environment.c \
	pgo/report/html-layout.c \
	pgo/report/html-explain.c \
	pgo/report/html-measures.c pgo/report/html-measures.h \
	pgo/report/html-page.h \
	pgo/report/html-style.c \
	pgo/report/html-table.c \
	pgo/report/html-text.c pgo/report/html-text.h \
	pgo/report/html-workload.c

TAP_TESTS += tests/t/3300-html-report.t

if HAVE_CMOCKA
check_PROGRAMS += tests/lib/html-sample tests/unit/report-html-test
tests_lib_html_sample_SOURCES = tests/lib/html-sample.c tests/lib/html-cases.c \
	tests/lib/html-cases.h
tests_lib_html_sample_LDADD = pgo/report/libpgoreport.a $(core_test_libs)
tests_unit_report_html_test_SOURCES = tests/unit/report-html-test.c tests/lib/html-cases.c \
	tests/lib/html-cases.h
tests_unit_report_html_test_LDADD = pgo/report/libpgoreport.a $(core_test_libs)
endif
