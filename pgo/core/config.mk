# pgo.yaml: included by the local.mk of this folder.
pgo_core_libpgocore_a_SOURCES += \
	pgo/core/config-check.c pgo/core/config-check.h \
	pgo/core/config-guess.c pgo/core/config-guess.h \
	pgo/core/config-makefile.c pgo/core/config-makefile.h \
	pgo/core/config-schema.c pgo/core/config-schema.h \
	pgo/core/config-sniff.c \
	pgo/core/config-take.c \
	pgo/core/config-text.c \
	pgo/core/config-where.c pgo/core/config-where.h \
	pgo/core/config.c pgo/core/config.h

dist_man_MANS += man/pgo.yaml.5

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/config-test
tests_unit_config_test_SOURCES = tests/unit/config-test.c
tests_unit_config_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_config_test_LDADD = pgo/core/libpgocore.a pgo/base/libpgobase.a \
	$(CYAML_LIBS) $(CMOCKA_LIBS) -lm
endif

check_PROGRAMS += tests/lib/config-tool
tests_lib_config_tool_SOURCES = tests/lib/config-tool.c
tests_lib_config_tool_LDADD = pgo/core/libpgocore.a pgo/base/libpgobase.a $(CYAML_LIBS) -lm

TAP_TESTS += tests/t/3010-config.t
EXTRA_DIST += tests/t/3010-config.t
