# What a run is measured with: included by the local.mk of this folder.
pgo_core_libpgocore_a_SOURCES += \
	pgo/core/cgroup.c pgo/core/cgroup.h \
	pgo/core/counters-probe.c \
	pgo/core/counters.c pgo/core/counters.h \
	pgo/core/environment-describe.c \
	pgo/core/environment.c pgo/core/environment.h \
	pgo/core/run-watch.c pgo/core/run-watch.h \
	pgo/core/waits.c pgo/core/waits.h

if HAVE_CMOCKA
measure_test_libs = pgo/core/libpgocore.a pgo/base/libpgobase.a $(JANSSON_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += \
	tests/unit/core-environment-test \
	tests/unit/core-waits-test

tests_unit_core_environment_test_SOURCES = tests/unit/core-environment-test.c
tests_unit_core_environment_test_LDADD = $(measure_test_libs)
tests_unit_core_waits_test_SOURCES = tests/unit/core-waits-test.c
tests_unit_core_waits_test_LDADD = $(measure_test_libs)
endif

TAP_TESTS += tests/t/3200-measure.t tests/t/3230-bad-input.t tests/t/3240-explain.t \
	tests/t/3250-validate-options.t tests/t/3260-waits.t
