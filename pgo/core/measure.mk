# What a run is measured with: included by the local.mk of this folder.
pgo_core_libpgocore_a_SOURCES += \
	pgo/core/counters-probe.c \
	pgo/core/counters.c pgo/core/counters.h \
	pgo/core/environment-describe.c \
	pgo/core/environment.c pgo/core/environment.h

if HAVE_CMOCKA
check_PROGRAMS += \
	tests/unit/core-environment-test

tests_unit_core_environment_test_SOURCES = tests/unit/core-environment-test.c
tests_unit_core_environment_test_LDADD = pgo/core/libpgocore.a pgo/base/libpgobase.a \
	$(CMOCKA_LIBS)
endif

TAP_TESTS += tests/t/3200-measure.t tests/t/3230-bad-input.t tests/t/3240-explain.t \
	tests/t/3250-validate-options.t
