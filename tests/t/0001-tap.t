#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The helper of the shell tests: a failing check is told as one.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

# sub SCRIPT: what a test that consists of SCRIPT prints; its exit status in $status.
sub() {
	{ echo ". '$srcdir/tests/lib/tap.sh'"; printf '%s\n' "$1"; } >script
	out=$(srcdir=$srcdir builddir=$builddir sh ./script 2>&1)
	status=$?
}

sub 'ok a true; is 1 1 b; like "x y" "y$" c; unlike x y d; nok e false; exits 3 f sh -c "exit 3"
done_testing'
is "$(printf '%s\n' "$out" | grep -c '^ok')" 6 'six good checks give six times ok'
is "$(printf '%s\n' "$out" | tail -n 1)" '1..6' 'the plan comes last'
is "$status" 0 'and the test succeeds'

sub 'ok a false; is 1 2 b; like x y c; unlike x x d; nok e true; nok f sh -c "kill -9 \$\$"
nok g no-such-tool; exits 3 h true; done_testing'
is "$(printf '%s\n' "$out" | grep -c '^not ok')" 8 'eight bad checks give eight times not ok'
is "$(printf '%s\n' "$out" | grep -c '^ok')" 0 'and no ok'
is "$status" 1 'and the test fails'

sub 'ok a true; skip 2 "no moon"; done_testing'
is "$(printf '%s\n' "$out" | grep -c '# SKIP no moon$')" 2 'skip fills in for two results'

for verdict in 0 1 3 4; do ok "status $verdict is a verdict" is_verdict $verdict; done
for other in 2 5 6 7 8 130 143; do nok "status $other is none" is_verdict $other; done

unset PGO_TESTS_COMPLETE
sub 'need no-such-tool; ok a true; done_testing'
like "$out" '^1\.\.0 # SKIP no no-such-tool' 'a missing tool leaves the test out'
PGO_TESTS_COMPLETE=1
export PGO_TESTS_COMPLETE
sub 'need no-such-tool; ok a true; done_testing'
like "$out" '^Bail out' 'but not where all tools must be there'
unset PGO_TESTS_COMPLETE

sub 'echo "at $tmp"; mkdir -p a/b; chmod 0 a; ok a true; exit 7'
is "$status" 7 'a test that ends early keeps its status'
nok 'and has no plan' sh -c 'printf "%s\n" "$1" | grep -q "^1\.\."' x "$out"
nok 'its folder is gone' test -e "$(printf '%s\n' "$out" | sed -n 's/^at //p')"

done_testing
