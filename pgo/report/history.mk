# The history of validations: included by the local.mk of this folder.
pgo_report_libpgoreport_a_SOURCES += \
	pgo/report/history.h \
	pgo/report/show-history.c

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/report-history-test
tests_unit_report_history_test_SOURCES = tests/unit/report-history-test.c
tests_unit_report_history_test_LDADD = pgo/report/libpgoreport.a $(core_test_libs) $(SQLITE_LIBS)
endif
