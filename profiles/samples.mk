profiles_libpgoprofiles_a_SOURCES += \
	profiles/elf-image.c profiles/elf-image.h \
	profiles/fmt-perf-data.c \
	profiles/fmt-perf-script.c \
	profiles/perf-attr.c \
	profiles/perf-count.c \
	profiles/perf-data.c profiles/perf-data.h \
	profiles/perf-file.c profiles/perf-file.h \
	profiles/perf-scan.c \
	profiles/perf-script.c profiles/perf-script.h \
	profiles/perf-script-line.c \
	profiles/perf-stream.c \
	profiles/sample-images.c profiles/sample-images.h \
	profiles/sample-maps.c profiles/sample-maps.h \
	profiles/sample-table.c profiles/sample-table.h \
	profiles/samples.c profiles/samples.h \
	profiles/samples-finish.c \
	profiles/samples-write.c profiles/samples-write.h
