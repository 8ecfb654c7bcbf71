#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A mistake in each option of pgoctl validate: told before anything is run. And hyperfine's JSON.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

HOME=$tmp XDG_DATA_HOME=$tmp XDG_STATE_HOME=$tmp
export HOME XDG_DATA_HOME XDG_STATE_HOME

# mistake PATTERN OPTIONS...: exit 2, the message, and no command was run.
mistake() {
	pattern=$1
	shift
	run "$pgoctl" validate "$@"
	is "$status" 2 "validate $*"
	like "$err" "^pgoctl: error: $pattern" "... $pattern"
	ok "... nothing was run" test ! -e ran
}
ab() { pattern=$1; shift; mistake "$pattern" -a 'touch ran' -b 'touch ran' "$@"; }

mistake 'a comparison of commands needs both' -a 'touch ran'
mistake 'a comparison of commands needs both' -b 'touch ran'
mistake 'a command to compare is empty' -a '' -b 'touch ran'
mistake 'a command to compare is empty' -a 'touch ran' -b '  '
mistake 'a quote does not end: touch "ran' --shell none -a 'touch "ran' -b 'touch ran'
ab "option --shell wants sh or none, not 'zsh'" --shell zsh
ab "cannot open 'no-such'" --stdin no-such
ab "option --stdin wants a file, '.' is a folder" --stdin .
ab 'option --prepare is an empty command' --prepare ' '
ab 'option --timeout wants a duration' --timeout soon
ab 'option --timeout wants more than no time' --timeout 0
ab '5 pairs can decide nothing: at least 6' --pairs 5
ab 'more than 256 pairs' --pairs 257
ab 'option --margin wants a percentage' --margin 2
ab 'option --margin wants a percentage from 0%' --margin 100%
ab 'option --min-effect wants a percentage' --min-effect -1%
ab "unknown gate 'fast'" --gate fast
ab "unknown gate 'no-regression=2%'" --gate no-regression=2%
ab 'option --gate wants a percentage from 0%' --gate prove-faster=150%
ab 'option --budget wants a duration' --budget 5q
ab 'option --budget wants more than no time' --budget 0
ab 'option --seed wants a whole number' --seed -1
ab "option --unit wants pair or abba, not 'abab'" --unit abab
ab 'option --inject wants a percentage' --inject some
ab "--export wants a file of its own, not 'same'" --evidence same --export same
ab "--report and --evidence are both 'same'" --evidence same --report same
ab 'option --inject wants more than 0 % and at most 1000 %' --inject -5%
ab 'option --inject wants more than 0 % and at most 1000 %' --inject 0%
ab 'option --calibrate wants one validation' --calibrate 0
ab "unknown method 'guess'" --what-if guess
mkdir folder
for option in --report --export --evidence; do
	ab "cannot write 'no-such/file'" $option no-such/file
	ab "cannot write 'folder': it is a folder" $option folder
done
ab "unknown option '--margins'" --margins 2%
ab 'pgoctl validate: too many operands' operand

# Options that do not go together.
mistake '-a and -b and --replay exclude' -a 'touch ran' -b 'touch ran' --replay x
mistake '--replay and --history exclude' --history --replay x
mistake '--replay and --import exclude' --import y --replay x
for option in '--prepare true' '--stdin /dev/null' '--shell sh' '--timeout 1s'; do
	mistake "option ${option%% *} means nothing with a project" $option
	mistake "option ${option%% *} means nothing with --replay" --replay x $option
done
for option in '--pairs 8' '--margin 1%' '--min-effect 1%' '--gate no-regression' '--budget 1s' \
	'--seed 1' '--unit pair' '--force-margin' '--no-padding' '--evidence y' '--inject 1%' \
	'--calibrate 2' '-c y' '--cc y' -f -n; do
	mistake 'option --[a-z-]* means nothing with --replay' --replay x $option
done
for option in '--report y' '--export y' '--what-if hyperfine' --explain '--pairs 8'; do
	mistake "option ${option%% *} means nothing with --history" --history $option
	mistake "option ${option%% *} means nothing with --import" --import x $option
done
for option in '-c y' '--cc y' -f -n; do
	ab 'option --[a-z-]* means nothing with -a and -b' $option
done
for option in '--inject 1%' '--report y' '--export y' '--evidence y' --explain '--seed 1'; do
	ab "option ${option%% *} means nothing with --calibrate" --calibrate 2 $option
done
ab 'option --what-if means nothing with --json' --what-if hyperfine --json

# Hyperfine's results, which are no pairs.
series() { awk -v n="$1" -v t="$2" 'BEGIN { for (i = 0; i < n; i++)
	printf "%s%.6f", i ? "," : "", t * (1 + 0.01 * (i * 7 % 5)) }'; }
cat >hf.json <<J
{"results": [
 {"command": "./old 'x y'", "mean": 0.1, "times": [$(series 12 0.1)], "exit_codes": [0,0,0,0,0,0,0,0,0,0,1,0]},
 {"command": "./new", "mean": 0.08, "times": [$(series 12 0.08)]},
 {"command": "./same", "times": [$(series 12 0.1)]}]}
J
exits 3 "an import has no verdict" "$pgoctl" validate --import hf.json
like "$out" "^NO VERDICT: the runs of 'hf.json' are not paired" "and says so first"
like "$out" "^\\./new +12 +81.6 ms +\\+25.0 % .* faster .* faster$" "what the usual tests say is told"
like "$out" "^\\./same .* no difference .* no difference$" "of each command against the first"
like "$out" "1 of 12 runs did not end with status 0" "a failed run is told of"
unlike "$out" "neighbouring runs are alike" "runs without correlation are not called so"
like "$out" "  pgoctl validate -a './old '.*x y.* -b" "and how to get a verdict"
exits 3 "as JSON" "$pgoctl" validate --import hf.json --json
like "$out" '"verdict": null' "there is none, either"
like "$out" '"speedup": 0.2[45]' "but the ratio of the means"
awk 'BEGIN { printf "{\"results\":["; for (s = 0; s < 2; s++) {
	printf "%s{\"command\":\"c%d\",\"times\":[", s ? "," : "", s
	for (i = 0; i < 20; i++) printf "%s%.4f", i ? "," : "", 1 + 0.1 * int(i / 5)
	printf "]}" } print "]}" }' >drift.json
run "$pgoctl" validate --import drift.json
like "$out" "'c0': neighbouring runs are alike \\(correlation 0\\.[5-9][0-9]\\): its 20 runs tell no more than [1-6] independent ones" \
	"a drift is told of"
echo '{"results": [{"command": "x", "times": [1, 0]}, {"command": "y", "times": [1, 2]}]}' >zero.json
run "$pgoctl" validate --import zero.json
like "$out" "'x': a time of zero, which no test can take" "a time of zero is told of"
echo '{"results": [{"command": "x", "times": [1]}]}' >one.json
exits 7 "one result alone" "$pgoctl" validate --import one.json
like "$err" "'one.json' has 1 result: there is nothing to compare" "is told"
echo '{"results": [{"command": "x", "times": [1, "2"]}]}' >wrong.json
exits 7 "a time that is none" "$pgoctl" validate --import wrong.json
like "$err" "field 'times' of result 0 is missing or wrong" "names the field"
echo '{"results": 7}' >wrong.json
exits 7 "no list of results" "$pgoctl" validate --import wrong.json
like "$err" "'wrong.json' is no hyperfine export: it has no results" "is told"
head -c 100 hf.json >cut.json
exits 7 "half a file" "$pgoctl" validate --import cut.json
like "$err" "'cut.json' is no valid JSON: line" "names the line"
exits 2 "a file that is not there" "$pgoctl" validate --import no-such.json
if have hyperfine; then
	hyperfine -N -r 3 --export-json real.json true true >/dev/null 2>&1
	exits 3 "hyperfine's own file is taken" "$pgoctl" validate --import real.json
else
	skip 1 "no hyperfine"
fi

# A table is one: columns begin at the same place; colour is for a terminal only.
run "$pgoctl" validate --import hf.json
is "$(printf '%s\n' "$out" | awk '/^command /{ n = index($0, "Welch p") + 6 }
	/^\.\/(new|same) /{ print substr($0, n, 1) != " " && substr($0, n + 1, 1) == " " }' |
	sort -u)" 1 "a right-aligned column ends where its head does"
run "$pgoctl" validate --pairs 6 -a 'exec true' -b 'exec true'
nok "a pipe gets no colour" grep -q "$(printf '\033')" "$tmp/out"
like "$(head -n 1 "$tmp/out")" "^(FASTER|EQUIVALENT|NOT-SLOWER|SLOWER-WITHIN-MARGIN|REGRESSION|INCONCLUSIVE)[: ;]" \
	"the verdict comes first"
if have script; then
	TERM=xterm script -qec "'$pgoctl' validate --pairs 6 -a 'exec true' -b 'exec true'" typed \
		>/dev/null 2>&1
	ok "a terminal gets some" grep -q "$(printf '\033\\[1')" typed
else
	skip 1 "no script"
fi

done_testing
