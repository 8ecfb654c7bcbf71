# What is kept in SQLite files: included by the local.mk of this folder.
pgo_core_libpgocore_a_SOURCES += \
	pgo/core/database.c pgo/core/database.h \
	pgo/core/history.c pgo/core/history.h \
	pgo/core/ledger.c pgo/core/ledger.h

if HAVE_CMOCKA
check_PROGRAMS += \
	tests/unit/core-history-test \
	tests/unit/core-ledger-test

ledger_test_libs = pgo/core/libpgocore.a pgo/stats/libpgostats.a pgo/base/libpgobase.a \
	$(SQLITE_LIBS) $(SODIUM_LIBS) $(CMOCKA_LIBS) -lm

tests_unit_core_history_test_SOURCES = tests/unit/core-history-test.c
tests_unit_core_history_test_LDADD = $(ledger_test_libs)
tests_unit_core_ledger_test_SOURCES = tests/unit/core-ledger-test.c
tests_unit_core_ledger_test_LDADD = $(ledger_test_libs)
endif
