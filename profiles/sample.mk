profiles_libpgoprofiles_a_SOURCES += \
	profiles/afdo-file.h profiles/afdo-write.c \
	profiles/afdo.c profiles/afdo.h \
	profiles/fmt-gcc-afdo.c \
	profiles/fmt-llvm-sample.c \
	profiles/sample-binary.c \
	profiles/sample-model.c \
	profiles/sample-text.c \
	profiles/sample.c profiles/sample.h

TAP_TESTS += tests/t/1050-sample.t tests/t/1060-afdo.t

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/sample-test
tests_unit_sample_test_SOURCES = tests/unit/sample-test.c
tests_unit_sample_test_LDADD = profiles/libpgoprofiles.a pgo/base/libpgobase.a $(ZSTD_LIBS) \
	$(CMOCKA_LIBS)
endif
