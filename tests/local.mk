# Tests of the frame, of pgo/base, pgo/core and pgo/report. Other folders list theirs.
EXTRA_DIST += tests/lib/tap.sh

TAP_TESTS += \
	tests/t/0001-tap.t \
	tests/t/0010-help.t \
	tests/t/0020-completion.t
