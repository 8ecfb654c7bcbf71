#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The sources themselves.
exec sh "${srcdir:-$(dirname "$0")/../..}/tests/lint"
