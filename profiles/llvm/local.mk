profiles_libpgoprofiles_a_SOURCES += \
	profiles/fmt-llvm.c \
	profiles/fmt-llvm-raw.c \
	profiles/llvm.c profiles/llvm.h \
	profiles/llvm/decode.c profiles/llvm/decode.h \
	profiles/llvm/format.h \
	profiles/llvm/guard.c profiles/llvm/guard.h \
	profiles/llvm/guard-indexed.c \
	profiles/llvm/guard-text.c \
	profiles/llvm/md5.c \
	profiles/llvm/module.c profiles/llvm/module.h \
	profiles/llvm/names.c profiles/llvm/names.h \
	profiles/llvm/raw.c profiles/llvm/raw.h \
	profiles/llvm/shim.h \
	profiles/llvm/sum.c profiles/llvm/sum.h \
	profiles/llvm/sum-group.c profiles/llvm/sum-group.h \
	profiles/llvm/sum-result.c \
	profiles/llvm/sum-values.c \
	profiles/llvm/targets.c profiles/llvm/targets.h
EXTRA_DIST += profiles/llvm/shim.cc profiles/llvm/shim-sample.cc profiles/llvm/shim.map

# One module a major, of the same source; opened at run time, so nothing is linked to libLLVM.
BUILT_MODULES += $(LLVM_MAJORS:%=llvm-%.so)
CLEANFILES += $(LLVM_MAJORS:%=llvm-%.so)
# LLVM's headers are not ours to warn of; all of their types in the debug information are half of the work.
llvm-%.so: profiles/llvm/shim.cc profiles/llvm/shim-sample.cc profiles/llvm/shim.h profiles/llvm/shim.map
	$(AM_V_GEN)$(CXX) -I$(top_srcdir) $(CPPFLAGS) $(AM_CXXFLAGS) $(CXXFLAGS:-g=-g1) \
		$(patsubst -I%,-isystem%,$(LLVM_CXXFLAGS_$*)) -fvisibility=hidden -fPIC \
		-shared -o $@ $(filter %.cc,$^) $(LDFLAGS) -Wl,-z,defs \
		-Wl,--version-script=$(top_srcdir)/profiles/llvm/shim.map $(LLVM_LDFLAGS_$*)

llvm_test_libs = profiles/libpgoprofiles.a pgo/base/libpgobase.a $(ZSTD_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/llvm-test
tests_unit_llvm_test_SOURCES = tests/unit/llvm-test.c tests/fuzz/fuzz-llvm-raw.c
tests_unit_llvm_test_LDADD = $(llvm_test_libs) $(CMOCKA_LIBS)
endif
check_PROGRAMS += tests/lib/llvm-tool
tests_lib_llvm_tool_SOURCES = tests/lib/llvm-tool.c
tests_lib_llvm_tool_LDADD = $(llvm_test_libs)

TAP_TESTS += tests/t/1010-llvm-merge.t tests/t/1011-llvm-read.t \
	tests/t/1012-llvm-corpora.t tests/t/1013-llvm-sum.t
