noinst_LIBRARIES += profiles/libpgoprofiles.a
profiles_libpgoprofiles_a_SOURCES = \
	profiles/format.h \
	profiles/profile.c profiles/profile.h \
	profiles/registry.c

include profiles/fdata.mk
include profiles/gcda.mk
include profiles/llvm/local.mk
