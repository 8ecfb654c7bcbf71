EXTRA_DIST += \
	examples/.gitignore \
	examples/minivm/README.md \
	examples/minivm/bench/numbers.mv \
	examples/minivm/bench/recursion.mv \
	examples/minivm/bench/words.mv \
	examples/minivm/pgo-gcc.yaml \
	examples/minivm/pgo.yaml \
	examples/minivm/src/Makefile \
	examples/minivm/src/builtin.c \
	examples/minivm/src/compile.c \
	examples/minivm/src/heap.c \
	examples/minivm/src/lexer.c \
	examples/minivm/src/main.c \
	examples/minivm/src/map.c \
	examples/minivm/src/minivm.h \
	examples/minivm/src/vm.c
