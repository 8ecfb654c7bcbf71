# The store of profiles, and what its archives and bundles have in common: included by the local.mk of
# this folder.
pgo_core_libpgocore_a_SOURCES += \
	pgo/core/pack.c pgo/core/pack.h \
	pgo/core/store.c pgo/core/store.h \
	pgo/core/store-add.c pgo/core/store-add.h \
	pgo/core/store-archive.c pgo/core/store-archive.h \
	pgo/core/store-export.c \
	pgo/core/store-gc.c \
	pgo/core/store-import.c \
	pgo/core/store-index.c pgo/core/store-index.h \
	pgo/core/store-object.c pgo/core/store-object.h \
	pgo/core/store-sign.c pgo/core/store-sign.h \
	pgo/core/store-verify.c

TAP_TESTS += tests/t/3500-store.t tests/t/3510-store-kill.t

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/core-store-test
tests_unit_core_store_test_SOURCES = tests/unit/core-store-test.c $(folder_sources)
tests_unit_core_store_test_LDADD = $(core_test_libs)
endif
