# What works on this machine: included by the local.mk of this folder.
pgo_core_libpgocore_a_SOURCES += \
	pgo/core/doctor.c pgo/core/doctor.h \
	pgo/core/doctor-checks.h \
	pgo/core/doctor-find.c \
	pgo/core/doctor-machine.c \
	pgo/core/doctor-shop.c pgo/core/doctor-shop.h \
	pgo/core/doctor-toolchain.c

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/core-doctor-test
tests_unit_core_doctor_test_SOURCES = tests/unit/core-doctor-test.c
tests_unit_core_doctor_test_LDADD = $(core_test_libs)
endif

TAP_TESTS += tests/t/0060-doctor.t
