# SPDX-License-Identifier: Apache-2.0
# What looks at the sources and the set-up.
TAP_TESTS += tests/t/0002-lint.t tests/t/0003-lint-finds.t tests/t/0004-bootstrap.t
EXTRA_DIST += .clang-tidy tests/lib/start tests/lint tests/lint-layers.awk tests/lint-length.awk
