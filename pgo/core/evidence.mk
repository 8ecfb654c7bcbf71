# What a validation leaves behind, and hyperfine's form of it: included by the local.mk of this folder.
pgo_core_libpgocore_a_SOURCES += \
	pgo/core/cachegrind.c pgo/core/cachegrind.h \
	pgo/core/evidence.c pgo/core/evidence.h \
	pgo/core/explain.c pgo/core/explain.h \
	pgo/core/explain-run.c pgo/core/explain-run.h \
	pgo/core/hyperfine.c pgo/core/hyperfine.h \
	pgo/core/nature.c pgo/core/nature.h

EXTRA_DIST += docs/evidence.md

# The harnesses have no main: the unit tests feed them, and libFuzzer may.
if HAVE_CMOCKA
evidence_test_libs = pgo/core/libpgocore.a pgo/stats/libpgostats.a pgo/base/libpgobase.a \
	$(JANSSON_LIBS) $(CMOCKA_LIBS) -lm

check_PROGRAMS += tests/unit/core-evidence-test tests/unit/core-hyperfine-test \
	tests/unit/core-explain-test tests/unit/core-nature-test tests/unit/core-units-test
tests_unit_core_evidence_test_SOURCES = tests/unit/core-evidence-test.c tests/fuzz/fuzz-evidence.c
tests_unit_core_evidence_test_LDADD = $(evidence_test_libs)
tests_unit_core_hyperfine_test_SOURCES = tests/unit/core-hyperfine-test.c \
	tests/fuzz/fuzz-hyperfine.c
tests_unit_core_hyperfine_test_LDADD = $(evidence_test_libs)
tests_unit_core_explain_test_SOURCES = tests/unit/core-explain-test.c
tests_unit_core_explain_test_LDADD = $(evidence_test_libs)
tests_unit_core_nature_test_SOURCES = tests/unit/core-nature-test.c
tests_unit_core_nature_test_LDADD = $(evidence_test_libs)
tests_unit_core_units_test_SOURCES = tests/unit/core-units-test.c
tests_unit_core_units_test_LDADD = $(evidence_test_libs)
endif
