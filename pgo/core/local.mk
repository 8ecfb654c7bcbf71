noinst_LIBRARIES += pgo/core/libpgocore.a
pgo_core_libpgocore_a_SOURCES = \
	pgo/core/accept.c pgo/core/accept.h \
	pgo/core/artifacts.c pgo/core/artifacts.h \
	pgo/core/bolt.c pgo/core/bolt.h \
	pgo/core/bolt-tool.c pgo/core/bolt-tool.h \
	pgo/core/bundle.c pgo/core/bundle.h \
	pgo/core/bundle-data.c \
	pgo/core/bundle-manifest.c pgo/core/bundle-manifest.h \
	pgo/core/calibrate.c pgo/core/calibrate.h \
	pgo/core/commands.c pgo/core/commands.h \
	pgo/core/consumer.c pgo/core/consumer.h \
	pgo/core/contribution.c pgo/core/contribution.h \
	pgo/core/convert.c pgo/core/convert.h \
	pgo/core/convert-samples.c pgo/core/convert-samples.h \
	pgo/core/convert-tools.c pgo/core/convert-tools.h \
	pgo/core/digest.c pgo/core/digest.h \
	pgo/core/elf-info.c pgo/core/elf-info.h \
	pgo/core/engine.c pgo/core/engine.h \
	pgo/core/engine-layout.c pgo/core/engine-layout.h \
	pgo/core/experiment.c pgo/core/experiment.h \
	pgo/core/flame.c pgo/core/flame.h \
	pgo/core/flow.c pgo/core/flow.h \
	pgo/core/forecast.c pgo/core/forecast.h \
	pgo/core/intake.c pgo/core/intake.h \
	pgo/core/json.c pgo/core/json.h \
	pgo/core/keep.c pgo/core/keep.h \
	pgo/core/layout.c pgo/core/layout.h \
	pgo/core/losses.c pgo/core/losses.h \
	pgo/core/measure.c pgo/core/measure.h \
	pgo/core/merge.c pgo/core/merge.h \
	pgo/core/merge-files.c pgo/core/merge-files.h \
	pgo/core/merge-input.c pgo/core/merge-input.h \
	pgo/core/merge-join.c pgo/core/merge-join.h \
	pgo/core/merge-lost.c pgo/core/merge-lost.h \
	pgo/core/obstacle.c pgo/core/obstacle.h \
	pgo/core/orphans.c \
	pgo/core/other-llvm.c pgo/core/other-llvm.h \
	pgo/core/payload.c pgo/core/payload.h \
	pgo/core/plan.c pgo/core/plan.h \
	pgo/core/preload.c pgo/core/preload.h \
	pgo/core/project.c pgo/core/project.h \
	pgo/core/record.c \
	pgo/core/represent.c pgo/core/represent.h \
	pgo/core/runner.c pgo/core/runner.h \
	pgo/core/sampling.c pgo/core/sampling.h \
	pgo/core/sampling-convert.c pgo/core/sampling-convert.h \
	pgo/core/sampling-overhead.c pgo/core/sampling-overhead.h \
	pgo/core/sampling-probe.c pgo/core/sampling-probe.h \
	pgo/core/serve.c pgo/core/serve.h \
	pgo/core/snapshot.c pgo/core/snapshot.h \
	pgo/core/source.c pgo/core/source.h \
	pgo/core/stale.c pgo/core/stale.h \
	pgo/core/stage.c pgo/core/stage.h \
	pgo/core/stage-record.c pgo/core/stage-record.h \
	pgo/core/toolchain.c \
	pgo/core/train.c pgo/core/train.h \
	pgo/core/train-waits.c pgo/core/train-waits.h \
	pgo/core/tree.c pgo/core/tree.h \
	pgo/core/views.c pgo/core/views.h \
	pgo/core/watch.c pgo/core/watch.h \
	pgo/core/watch-stage.c pgo/core/watch-stage.h \
	pgo/core/workload.c pgo/core/workload.h

include pgo/core/audit.mk
include pgo/core/config.mk
include pgo/core/doctor.mk
include pgo/core/evidence.mk
include pgo/core/ledger.mk
include pgo/core/measure.mk
include pgo/core/store.mk
