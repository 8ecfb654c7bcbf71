noinst_LIBRARIES += profiles/libpgoprofiles.a
profiles_libpgoprofiles_a_SOURCES = \
	profiles/diff.c profiles/diff.h \
	profiles/format.h \
	profiles/profile.c profiles/profile.h \
	profiles/registry.c

include profiles/fdata.mk
include profiles/gcda.mk
include profiles/samples.mk
include profiles/probes.mk
include profiles/llvm/local.mk
include profiles/sample.mk

TAP_TESTS += tests/t/1070-diff.t
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/profile-diff-test
tests_unit_profile_diff_test_SOURCES = tests/unit/profile-diff-test.c
tests_unit_profile_diff_test_LDADD = profiles/libpgoprofiles.a pgo/base/libpgobase.a $(ZSTD_LIBS) $(CMOCKA_LIBS)
endif
TAP_TESTS += tests/t/1075-convert.t
