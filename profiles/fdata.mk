profiles_libpgoprofiles_a_SOURCES += \
	profiles/fmt-bolt-fdata.c \
	profiles/fdata-parse.c \
	profiles/fdata.c profiles/fdata.h

check_PROGRAMS += tests/lib/profile-tool
tests_lib_profile_tool_SOURCES = tests/lib/profile-tool.c
tests_lib_profile_tool_LDADD = profiles/libpgoprofiles.a pgo/base/libpgobase.a $(ZSTD_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/fdata-test
tests_unit_fdata_test_SOURCES = tests/unit/fdata-test.c
tests_unit_fdata_test_LDADD = profiles/libpgoprofiles.a pgo/base/libpgobase.a $(ZSTD_LIBS) $(CMOCKA_LIBS)
endif

TAP_TESTS += tests/t/1040-bolt-fdata.t
