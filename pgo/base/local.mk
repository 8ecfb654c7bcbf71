noinst_LIBRARIES += pgo/base/libpgobase.a
pgo_base_libpgobase_a_SOURCES = \
	pgo/base/arena.c pgo/base/arena.h \
	pgo/base/banned.h \
	pgo/base/child.c pgo/base/child.h \
	pgo/base/child-background.c pgo/base/child-parts.h \
	pgo/base/clock.h \
	pgo/base/cursor.c pgo/base/cursor.h \
	pgo/base/err.c pgo/base/err.h \
	pgo/base/fs-file.c pgo/base/fs-path.c pgo/base/fs-tree.c pgo/base/fs.h \
	pgo/base/hashmap.c pgo/base/hashmap.h \
	pgo/base/log.c pgo/base/log.h \
	pgo/base/mem.c pgo/base/mem.h \
	pgo/base/num.c pgo/base/num.h \
	pgo/base/opt.c pgo/base/opt.h \
	pgo/base/progress.c pgo/base/progress.h \
	pgo/base/strbuf.c pgo/base/strbuf.h \
	pgo/base/strvec.c pgo/base/strvec.h \
	pgo/base/tempfile.c pgo/base/tempfile.h \
	pgo/base/threads.h
