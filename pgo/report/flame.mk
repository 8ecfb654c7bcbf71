# SPDX-License-Identifier: Apache-2.0
# Flame graphs; included by pgo/report/local.mk.
pgo_report_libpgoreport_a_SOURCES += \
	pgo/report/flame.h \
	pgo/report/flame-script.c \
	pgo/report/flame-style.c \
	pgo/report/flame-svg.c \
	pgo/report/show-flame.c

TAP_TESTS += tests/t/3310-flame.t tests/t/3311-flame-browser.t

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/flame-test
tests_unit_flame_test_SOURCES = tests/unit/flame-test.c tests/fuzz/fuzz-collapsed.c
tests_unit_flame_test_LDADD = pgo/report/libpgoreport.a $(core_test_libs)
endif
