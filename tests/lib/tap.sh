# SPDX-License-Identifier: Apache-2.0
# TAP for shell tests. A test begins with
#	. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
# which puts it into an empty folder of its own, gone at its end, and ends with
#	done_testing
# Set are srcdir and builddir (absolute), tmp (that folder) and pgoctl (the program).

srcdir=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd) || exit 1
builddir=$(cd "${builddir:-.}" && pwd) || exit 1
pgoctl=$builddir/pgoctl
[ -x "$pgoctl" ] || { echo "Bail out! no $pgoctl: builddir names where it was built"; exit 1; }
tap_nr=0
tap_failed=0

tmp=$(mktemp -d "${TMPDIR:-/tmp}/pgoctl-t.XXXXXX") || exit 1
tap_end() {
	cd / && chmod -R u+rwX "$tmp" 2>/dev/null
	rm -rf "$tmp"
}
trap tap_end EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
# Nothing of the user's is read or written.
export PGOCTL_LEDGER="$tmp/ledger.db" PGOCTL_STORE="$tmp/store"
mkdir "$tmp/work" && cd "$tmp/work" || exit 1

have() { command -v "$1" >/dev/null 2>&1; }

# diag: print standard input as a comment.
diag() { sed 's/^/#   /'; }

# ends WORD...: the first and the last, or with PGO_TESTS_LONG=1 all: of versions that go by the same way.
ends() {
	if [ -n "${PGO_TESTS_LONG:-}" ] || [ $# -lt 3 ]; then
		echo "$@"
	else
		tap_first=$1
		shift $(($# - 1))
		echo "$tap_first $1"
	fi
}

tap_result() {	# status description
	tap_nr=$((tap_nr + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_nr - $2"
	else
		echo "not ok $tap_nr - $2"
		tap_failed=$((tap_failed + 1))
	fi
	return "$1"
}

# ok DESCRIPTION COMMAND...: the command succeeds; what it prints is shown when not.
ok() {
	tap_what=$1
	shift
	"$@" >"$tmp/tap.out" 2>&1
	tap_result $? "$tap_what" || { echo "failed: $*"; head -n 40 "$tmp/tap.out"; } | diag
}

# nok DESCRIPTION COMMAND...: the command fails, but not by a signal or for not being there.
nok() {
	tap_what=$1
	shift
	"$@" >"$tmp/tap.out" 2>&1
	tap_status=$?
	[ "$tap_status" -ne 0 ] && [ "$tap_status" -lt 126 ]
	tap_result $? "$tap_what" ||
		{ echo "status $tap_status: $*"; head -n 40 "$tmp/tap.out"; } | diag
}

# is_verdict STATUS: validate came to an end of its own, whatever noise made it say (also that the
# machine is too noisy): of equal commands each of these comes out once in a while.
is_verdict() { case $1 in 0 | 1 | 3 | 4) ;; *) return 1 ;; esac; }

# is GOT WANT DESCRIPTION
is() {
	[ "$1" = "$2" ]
	tap_result $? "$3" || printf 'got:  %s\nwant: %s\n' "$1" "$2" | diag
}

# Without a program where the expression is a text.
tap_matches() {
	case $2 in
	*[][\\.^\$*+?\(\)\{\}\|]* | '') printf '%s\n' "$1" | grep -Eq -e "$2" ;;
	*) case $1 in *"$2"*) true ;; *) false ;; esac ;;
	esac
}

# like TEXT PATTERN DESCRIPTION: a line of TEXT matches the extended regular expression.
like() {
	tap_matches "$1" "$2"
	tap_result $? "$3" || printf 'got:  %s\nwant: /%s/\n' "$1" "$2" | diag
}

unlike() {
	! tap_matches "$1" "$2"
	tap_result $? "$3" || printf 'got:  %s\nnot:  /%s/\n' "$1" "$2" | diag
}

# tap_read FILE: sets tap_text to it as $(...) would, a few lines without starting a program.
tap_read() {
	tap_text='' tap_gap='' tap_lines=0
	[ -s "$1" ] || return 0
	while IFS= read -r tap_line || [ -n "$tap_line" ]; do
		tap_lines=$((tap_lines + 1))
		[ "$tap_lines" -le 4 ] || break
		tap_text=$tap_text$tap_gap$tap_line
		tap_gap=$tap_newline
	done <"$1"
	case $tap_lines$tap_text in
	[5-9]* | *"$tap_newline" | ?) tap_text=$(tr -d '\000' <"$1") ;;	# longer, or an empty line at its end
	esac
}
tap_newline='
'

# run COMMAND...: sets status, out and err; the streams are in $tmp/out and $tmp/err, too.
run() {
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
	tap_read "$tmp/out"
	out=$tap_text
	tap_read "$tmp/err"
	err=$tap_text
}

# exits STATUS DESCRIPTION COMMAND...: run it and compare the exit status.
exits() {
	tap_want=$1
	tap_what=$2
	shift 2
	run "$@"
	[ "$status" -eq "$tap_want" ]
	tap_result $? "$tap_what" ||
		{ echo "status $status, not $tap_want: $*"; tail -n 40 "$tmp/err"; } | diag
}

# skip COUNT REASON: in place of COUNT results.
skip() {
	tap_skip=$1
	while [ "$tap_skip" -gt 0 ]; do
		tap_nr=$((tap_nr + 1))
		tap_skip=$((tap_skip - 1))
		echo "ok $tap_nr # SKIP $2"
	done
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# need TOOL...: leave the whole test out when one is missing; an error where PGO_TESTS_COMPLETE
# is set, as on this project's own CI, which installs them all.
need() {
	for tap_tool; do
		have "$tap_tool" && continue
		if [ -n "$PGO_TESTS_COMPLETE" ]; then
			echo "Bail out! no $tap_tool"
			exit 1
		fi
		skip_all "no $tap_tool"
	done
}

done_testing() {
	echo "1..$tap_nr"
	[ "$tap_failed" -eq 0 ]
	exit
}
