#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The wrapper as a process: what it passes on, how it ends, what it does when things are missing.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "$srcdir/tests/lib/driver.sh"

mkdir "$tmp/fake"
cat >"$tmp/fake/gcc-12" <<'X'
#!/bin/sh
. "$FAKE_SCRIPT"
X
cp "$tmp/fake/gcc-12" "$tmp/fake/g++-12"
chmod +x "$tmp"/fake/*
FAKE_SCRIPT=$tmp/script
PATH=$tmp/fake:$PATH
export FAKE_SCRIPT PATH
"$tool" shims "$shims" "$wrapper"
conf() {
	stage_name=$1
	: >"$log"
	printf 'Target: x86_64-linux-gnu\ngcc version 12.2.0 x\n' | "$tool" conf "$tmp/conf" \
		"$tmp/fake/gcc-12" "$tmp/fake/g++-12" "$1" "$shims" "$log" "$tmp/use"
}
compiler() { cat >"$FAKE_SCRIPT"; }
last() { tail -n 1 "$log"; }

for s in instrumented optimized; do
	conf $s
	# --- output and status
	compiler <<'X'
printf 'out \000\377 no newline'
printf 'err \000\377\033[1m no newline' >&2
exit 3
X
	exits 3 "$s: the compiler's status" build gcc -c a.c
	printf 'out \000\377 no newline' >want.out
	printf 'err \000\377\033[1m no newline' >want.err
	ok "$s: its output as it was" cmp want.out "$tmp/out"
	ok "$s: its errors as they were" cmp want.err "$tmp/err"
	like "$(last)" '"status":3,' "$s: the status is logged"

	compiler <<'X'
cat
X
	got=$(echo "from stdin" | build gcc -x c -c -)
	is "$got" "from stdin" "$s: its input reaches it"

	# --- signals
	compiler <<'X'
ulimit -c 0; kill -SEGV $$
X
	(build gcc -c a.c) 2>/dev/null
	is $? 139 "$s: a crash is a crash"
	like "$(last)" '"status":139,' "$s: which is logged"
	compiler <<X
trap 'echo got TERM >$tmp/got; exit 5' TERM
echo \$\$ >$tmp/pid
while :; do sleep 0.05; done
X
	rm -f "$tmp/pid" "$tmp/got"
	"$tool" build "$tmp/conf" k "$junk" gcc -c a.c &
	pid=$!
	while ! [ -s "$tmp/pid" ]; do sleep 0.05; done
	kill -TERM "$pid"
	wait "$pid" 2>/dev/null
	is $? 5 "$s: TERM goes on to the compiler"
	is "$(cat "$tmp/got")" "got TERM" "$s: which takes it as it likes"
	compiler <<X
echo \$\$ >$tmp/pid
exec sleep 100
X
	rm -f "$tmp/pid"
	"$tool" build "$tmp/conf" k "$junk" gcc -c a.c &
	pid=$!
	while ! [ -s "$tmp/pid" ]; do sleep 0.05; done
	kill -TERM "$pid"
	wait "$pid" 2>/dev/null
	is $? 143 "$s: and ends the wrapper when it ends the compiler"

	# --- a server that outlives the compiler and keeps its stderr
	compiler <<X
echo before >&2
sleep 100 &
echo \$! >$tmp/pid
exit 0
X
	run build gcc -c a.c
	is "$status $err" "0 before" "$s: a server that keeps stderr open is not waited for"
	kill "$(cat "$tmp/pid")"

	compiler <<'X'
echo x
echo y >&2
X
	(build gcc -c a.c >&- 2>&- <&-)
	is $? 0 "$s: closed standard files"
done

# --- at once, not at the end
conf optimized
compiler <<X
echo first >&2
while ! [ -e $tmp/seen ]; do sleep 0.05; done
echo second >&2
X
mkfifo fifo
build gcc -c a.c 2>fifo &
{ read -r line; touch "$tmp/seen"; read -r rest; } <fifo
wait $!
is "$line $rest" "first second" "stderr arrives while the compiler still runs"

# --- warnings are counted where a profile is used, and only there
compiler <<'X'
cat >&2 <<'E'
a.c:1:1: warning: profile count data file not found [-Wmissing-profile]
a.c:2:1: warning: profile count data file not found [-Wmissing-profile]
a.c:1:5: warning: the control flow does not match its profile data [-Wcoverage-mismatch]
a.c:1:5: warning: unused variable [-Wunused-variable]
E
printf 'a.c: error: x is not a gcov data file' >&2
X
run build gcc -c a.c
like "$(last)" '"warnings":\{"missing":2,"mismatch":1,"corrupt":1\}' "warnings are counted by kind"
is "$(calls | sed 's/.*missing=/missing=/')" "missing=2 mismatch=1 out-of-date=0 corrupt=1" "and summed"
run build gcc -E a.c
like "$(last)" '"warnings":\{\}' "not in calls left alone"
conf instrumented
run build gcc -c a.c
like "$(last)" '"warnings":\{\}' "nor in the instrumented stage"

# --- colours
if have script; then
	compiler <<'X'
printf '[%s]' "$@"
X
	conf optimized
	tty() { TERM=xterm NO_COLOR="$1" script -qec "'$tool' build '$tmp/conf' k '$junk' gcc -c a.c" \
		/dev/null | tr -d '\r'; }
	like "$(tty '')" '^\[-fdiagnostics-color=always\]\[-c\]' "a terminal keeps its colours"
	unlike "$(tty 1)" 'color' "unless NO_COLOR is set"
	conf instrumented
	unlike "$(tty '')" 'color' "nothing is said where stderr stays the terminal"
	conf optimized
	run build gcc -c a.c
	unlike "$out" 'color' "and nothing in a pipe"
else
	skip 4 "no script(1)"
fi

# --- the compiler's own environment
compiler <<'X'
echo "$PATH"
X
conf instrumented
run build gcc -c a.c
unlike "$out" "$shims" "what the compiler starts cannot come back to the wrapper"
like "$out" "$tmp/fake" "but finds the rest"
like "$(build sh -c 'echo "$PATH"')" "^$shims:" "which is first for the build"

# --- never itself
rm -f "$tmp/fake/g++-12"
conf baseline
ln -s "$shims" "$tmp/bin2"
exits 127 "a compiler behind no other name is not found twice" \
	build sh -c 'PATH=$1:$1/.:$2:$PATH; exec gcc-77' x "$shims" "$tmp/bin2"
ln -s "$wrapper" "$shims/gcc-77"
exits 127 "nor the wrapper's link by itself" build sh -c 'PATH=$1:$PATH; exec gcc-77' x "$tmp/bin2"
like "$err" "no 'gcc-77' on PATH behind this wrapper" "says so"
printf 'Target: x\ngcc version 12.2.0 x\n' |
	"$tool" conf "$tmp/self" "$shims/gcc" "" baseline "$shims" "$log"
exits 2 "a configuration that names the wrapper" "$tool" build "$tmp/self" k "$junk" gcc -c a.c
like "$err" "is this wrapper" "says so"

# --- what is missing
exits 2 "without a configuration" env -u PGOCTL_CC_CONFIG "$shims/gcc" -c a.c
like "$err" "pgoctl-cc: error: PGOCTL_CC_CONFIG is not set" "says so"
like "$err" "hint:" "and what it is for"
exits 2 "with an absent one" env PGOCTL_CC_CONFIG=/nowhere/conf "$shims/gcc" -c a.c
echo '{}' >bad
exits 2 "with another file" env PGOCTL_CC_CONFIG="$PWD/bad" "$shims/gcc" -c a.c
like "$err" "no configuration of pgoctl-cc" "says so"
compiler <<'X'
exit 0
X
conf instrumented
printf 'gcc version 12.2.0 x\n' | "$tool" conf "$tmp/conf" "$tmp/fake/gcc-12" "" instrumented \
	"$shims" /nowhere/log
exits 2 "a log that cannot be written fails the call" build gcc -c a.c
like "$err" "cannot append to '/nowhere/log'" "says so"
conf instrumented
rm "$tmp/fake/gcc-12"
exits 127 "a compiler that went away" build gcc -c a.c
like "$err" "cannot run '$tmp/fake/gcc-12'" "says so"
like "$(last)" '"status":127,' "and is logged"

# --- many at once
printf '#!/bin/sh\n' >"$tmp/fake/gcc-12"
chmod +x "$tmp/fake/gcc-12"
conf instrumented
build sh -c 'for i in 1 2 3 4 5 6 7 8 9; do for k in 1 2 3 4 5 6 7 8 9; do gcc -c $i$k.c & done; wait; done'
is "$(count compiles)" 81 "81 calls, nine at once, leave 81 lines"

done_testing
