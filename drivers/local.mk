# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += drivers/libpgodrivers.a
drivers_libpgodrivers_a_SOURCES = \
	drivers/agent.c drivers/agent.h \
	drivers/cc-clang.c \
	drivers/cc-gcc.c \
	drivers/cc-rustc.c \
	drivers/col-perf.c \
	drivers/collector.c drivers/collector.h \
	drivers/compiler.c drivers/compiler.h \
	drivers/drivers.h \
	drivers/post-bolt.c drivers/postlink.h \
	drivers/wrapper.h \
	drivers/wrapper/args.c drivers/wrapper/args.h \
	drivers/wrapper/conf.c \
	drivers/wrapper/layout.c drivers/wrapper/layout.h \
	drivers/wrapper/log-format.c drivers/wrapper/log-read.c drivers/wrapper/log.h \
	drivers/wrapper/names.c drivers/wrapper/names.h \
	drivers/wrapper/options.c \
	drivers/wrapper/response.c drivers/wrapper/response.h \
	drivers/wrapper/rust-args.c \
	drivers/wrapper/shims.c \
	drivers/wrapper/warnings.c drivers/wrapper/warnings.h

include drivers/wrapper/local.mk
include drivers/agent/local.mk

check_PROGRAMS += tests/lib/driver-tool
tests_lib_driver_tool_SOURCES = tests/lib/driver-tool.c
tests_lib_driver_tool_LDADD = drivers/libpgodrivers.a pgo/base/libpgobase.a $(JANSSON_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/driver-collector-test tests/unit/driver-compiler-test
tests_unit_driver_collector_test_SOURCES = tests/unit/driver-collector-test.c
tests_unit_driver_collector_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_driver_collector_test_LDADD = drivers/libpgodrivers.a pgo/base/libpgobase.a $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/driver-postlink-test \
	tests/unit/driver-wrapper-test
tests_unit_driver_compiler_test_SOURCES = tests/unit/driver-compiler-test.c
tests_unit_driver_compiler_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_driver_compiler_test_LDADD = drivers/libpgodrivers.a pgo/base/libpgobase.a $(CMOCKA_LIBS)
tests_unit_driver_postlink_test_SOURCES = tests/unit/driver-postlink-test.c
tests_unit_driver_postlink_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_driver_postlink_test_LDADD = drivers/libpgodrivers.a pgo/base/libpgobase.a $(CMOCKA_LIBS)
tests_unit_driver_wrapper_test_SOURCES = tests/unit/driver-wrapper-test.c
tests_unit_driver_wrapper_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_driver_wrapper_test_LDADD = drivers/libpgodrivers.a pgo/base/libpgobase.a \
	$(JANSSON_LIBS) $(CMOCKA_LIBS)
endif

driver_tests = \
	tests/t/2010-wrapper-call.t \
	tests/t/2011-wrapper-run.t \
	tests/t/2020-gcc.t \
	tests/t/2030-clang.t \
	tests/t/2040-rustc.t \
	tests/t/2050-build-systems.t \
	tests/t/2060-ccache.t \
	tests/t/2070-agent.t \
	tests/t/2071-agent-training.t \
	tests/t/2072-agent-endings.t tests/t/2073-agent-table.t tests/t/2080-snapshot.t \
	tests/t/2081-snapshot-hindered.t \
	tests/t/2090-server.t
TAP_TESTS += $(driver_tests)
EXTRA_DIST += $(driver_tests) tests/lib/driver.sh
