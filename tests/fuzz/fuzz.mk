# Fuzzers: make fuzz [FUZZERS=fdata] [FUZZ_SECONDS=60]; their corpora are replayed by make check.
FUZZ_NAMES = afdo archive audit collapsed evidence fdata gcda hyperfine llvm llvm-raw perf-data sample
fuzz_libs = pgo/core/libpgocore.a drivers/libpgodrivers.a profiles/libpgoprofiles.a \
	pgo/stats/libpgostats.a pgo/base/libpgobase.a $(JANSSON_LIBS) $(CYAML_LIBS) \
	$(ARCHIVE_LIBS) $(SODIUM_LIBS) $(ELF_LIBS) $(SQLITE_LIBS) $(ZSTD_LIBS) -lm
EXTRA_DIST += tests/fuzz/run.sh tests/fuzz/replay.c tests/fuzz/corpus $(FUZZ_NAMES:%=tests/fuzz/fuzz-%.c)

REPLAY_TESTS = $(FUZZ_NAMES:%=tests/fuzz/%-replay-test)
tests/fuzz/%-replay-test: tests/fuzz/replay.o tests/fuzz/fuzz-%.o $(filter %.a,$(fuzz_libs))
	$(AM_V_CCLD)$(CCLD) $(AM_CFLAGS) $(CFLAGS) $(AM_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(fuzz_libs) $(LIBS)
# With libFuzzer's own main: only in the build that tests/fuzz/run.sh makes.
tests/fuzz/fuzz-%: tests/fuzz/fuzz-%.o $(filter %.a,$(fuzz_libs))
	$(AM_V_CCLD)$(CCLD) $(AM_CFLAGS) $(CFLAGS) -fsanitize=fuzzer -o $@ $< $(fuzz_libs) $(LIBS)
tests/fuzz/%.o: tests/fuzz/%.c $(wildcard $(addprefix $(srcdir)/,pgo/*/*.h profiles/*.h drivers/*.h))
	$(AM_V_CC)$(MKDIR_P) tests/fuzz && $(COMPILE) -c -o $@ $<
CLEANFILES += tests/fuzz/*.o $(REPLAY_TESTS)
.PHONY: fuzz fuzz-parts
fuzz-parts: $(filter %.a,$(fuzz_libs)) $(filter llvm-%,$(BUILT_MODULES))
fuzz:
	@FUZZERS='$(FUZZERS)' FUZZ_SECONDS='$(FUZZ_SECONDS)' $(SHELL) $(srcdir)/tests/fuzz/run.sh '$(srcdir)'
.SECONDARY: tests/fuzz/replay.o $(FUZZ_NAMES:%=tests/fuzz/fuzz-%.o)
