bin_PROGRAMS += pgoctl
pgoctl_SOURCES = \
	pgo/cmd/cmd.c pgo/cmd/cmd.h \
	pgo/cmd/cmd-build.c \
	pgo/cmd/check.h pgo/cmd/check-against.c pgo/cmd/check-instrumented.c \
	pgo/cmd/check-profile.c pgo/cmd/cmd-check.c \
	pgo/cmd/cmd-collect.c \
	pgo/cmd/cmd-convert.c \
	pgo/cmd/cmd-diff.c pgo/cmd/diff-production.c pgo/cmd/diff-production.h \
	pgo/cmd/cmd-doctor.c \
	pgo/cmd/cmd-init.c \
	pgo/cmd/cmd-merge.c \
	pgo/cmd/cmd-report.c \
	pgo/cmd/cmd-run.c \
	pgo/cmd/cmd-show.c \
	pgo/cmd/cmd-snapshot.c \
	pgo/cmd/cmd-store.c \
	pgo/cmd/cmd-validate.c \
	pgo/cmd/main.c \
	pgo/cmd/validate.c pgo/cmd/validate.h
pgoctl_LDADD = \
	pgo/report/libpgoreport.a \
	pgo/core/libpgocore.a \
	drivers/libpgodrivers.a \
	profiles/libpgoprofiles.a \
	pgo/stats/libpgostats.a \
	pgo/base/libpgobase.a \
	$(JANSSON_LIBS) $(CYAML_LIBS) $(ARCHIVE_LIBS) $(SODIUM_LIBS) $(ELF_LIBS) $(SQLITE_LIBS) $(ZSTD_LIBS) -lm

TAP_TESTS += \
	tests/t/1030-merge-command.t \
	tests/t/1031-merge-watch.t \
	tests/t/1032-merge-bench.t \
	tests/t/1033-merge-other-llvm.t \
	tests/t/4010-flow.t \
	tests/t/4020-resume.t \
	tests/t/4030-trouble.t \
	tests/t/4040-names.t \
	tests/t/4050-readme.t \
	tests/t/4100-bolt.t \
	tests/t/4110-sample-build.t
