#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every command: -h, manual page, completion and option table agree; bad command lines are
# refused with the right words. All lists come from -h.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"

# help_options [COMMAND]: lines like "-c, --config FILE" or "--json".
help_options() {
	"$pgoctl" "$@" -h | sed -n 's/^  *\(-.*\)/\1/p' | sed 's/   *.*//' | sort
}

# man_options PAGE: the same of a manual's lists.
man_options() {
	sed -n 's/^\.It Fl //p' "$srcdir/man/$1.1" |
		sed 's/Fl -/--/g; s/^-\([a-z]\)/--\1/; s/^\([a-zA-Z]\) ,/-\1,/; s/ Ar / /; s/ Ns //' | sort
}

# refused TEXT DESCRIPTION ARGUMENT...: exit 2, the error's line has TEXT.
refused() {
	text=$1
	what=$2
	shift 2
	run "$pgoctl" "$@"
	case $status:$err in
	"2:pgoctl: error: $text"*) ok "$what" true ;;
	*) is "$status: $err" "2: pgoctl: error: $text" "$what" ;;
	esac
	is "$out" '' "$what: nothing on stdout"
}

# accepted DESCRIPTION ARGUMENT...: the next thing, an unknown option, is what is refused.
accepted() {
	what=$1
	shift
	refused "unknown option '--zzzzzzzz'" "$what" "$@" --zzzzzzzz
}

# --- the frame
commands=$("$pgoctl" -h | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
is "$(echo $commands)" 'init doctor collect merge build validate run show diff check convert report snapshot store' 'the commands'
exits 2 'pgoctl alone' "$pgoctl"
is "$out" '' 'pgoctl alone: nothing on stdout'
like "$err" '^usage: pgoctl ' 'pgoctl alone: the usage on stderr'
exits 0 'pgoctl --version' "$pgoctl" --version
like "$out" '^pgoctl [0-9]+\.[0-9]+\.[0-9]+$' 'the version'
is "$("$pgoctl" -V)" "$out" '-V is --version'
is "$("$pgoctl" --help)" "$("$pgoctl" -h)" '--help is -h'
is "$(help_options)" "$(man_options pgoctl)" 'pgoctl.1 has the options of pgoctl -h'

# --- every command
for cmd in $commands; do
	exits 0 "$cmd -h" "$pgoctl" "$cmd" -h
	is "$err" '' "$cmd -h: nothing on stderr"
	like "$out" "^usage: pgoctl $cmd " "$cmd -h: its usage"
	is "$("$pgoctl" "$cmd" --help)" "$out" "$cmd --help is -h"
	is "$("$pgoctl" "$cmd" --json --zzz x y z -h)" "$out" "$cmd: -h wins over everything else"
	is "$("$pgoctl" "$cmd" -hv)" "$out" "$cmd: also among other letters"
	is "$(help_options "$cmd")" "$(man_options "pgoctl-$cmd")" "pgoctl-$cmd.1 has the options of -h"
	ok "$cmd has its item in pgoctl.1" grep -qx "\.It Cm $cmd" "$srcdir/man/pgoctl.1"
	ok "$cmd is referred to in pgoctl.1" grep -q "^\.Xr pgoctl-$cmd 1" "$srcdir/man/pgoctl.1"
	summary=$("$pgoctl" -h | sed -n "s/^  $cmd  *//p")
	like "$("$pgoctl" "$cmd" -h)" "^$summary\$" "$cmd: the same summary in both places"
done
is "$(sed -n 's/^\.It Cm //p' "$srcdir/man/pgoctl.1" | sort)" "$(printf '%s\n' $commands | sort)" \
	'pgoctl.1 has no other command'
is "$(cd "$srcdir/man" && echo pgoctl-*.1)" "$(printf 'pgoctl-%s.1\n' $commands | sort | xargs)" \
	'no other manual page'

# --- the manual against the sources
is "$(sed -n '/^\.Sh EXIT/,/^\.Sh EXA/s/^\.It \([0-9]\)$/\1/p' "$srcdir/man/pgoctl.1" | xargs)" \
	"$(sed -n 's/.*PGO_EXIT_[A-Z]* = \([0-9]*\),/\1/p' "$srcdir/pgo/base/err.h" | xargs)" \
	'pgoctl.1 has the exit codes of err.h'
for path in $(sed -n 's|^ \*   \.pgo/\([a-z.]*\).*|\1|p' "$srcdir/pgo/core/project.h" | sort -u); do
	ok "pgoctl.1 tells of .pgo/$path" grep -q "^\.It Pa $path" "$srcdir/man/pgoctl.1"
done
for var in $(grep -rhoE 'getenv\("[A-Z_]+"\)|"PGO[A-Z]*_[A-Z_]+"|"GCOV_[A-Z_]+"' \
		"$srcdir/pgo" "$srcdir/drivers" --include='*.[ch]' | grep -oE '[A-Z_]{2,}' | sort -u); do
	ok "pgoctl.1 tells of $var" grep -Eq "^\.(It )?Ev (.* )?$var( |\$)" "$srcdir/man/pgoctl.1"
done
if have mandoc; then
	for page in "$srcdir"/man/pgoctl*.1; do
		is "$(mandoc -Tlint -Wwarning "$page" 2>&1)" '' "mandoc has nothing to say of ${page##*/}"
	done
else
	skip "$(ls "$srcdir"/man/pgoctl*.1 | wc -l)" 'no mandoc'
fi

# --- unknown commands
for cmd in $commands; do
	refused "unknown command '${cmd}x'" "${cmd}x is refused" "${cmd}x"
	like "$err" "^hint: did you mean pgoctl $cmd\\?\$" "${cmd}x: the hint names $cmd"
done
refused "unknown command 'frobnicate'" 'a command far from all' frobnicate
like "$err" '^hint: pgoctl -h lists the commands$' 'has another hint'
refused "unknown command ''" 'an empty command' ''
refused "unknown command 'a\\x1b[31m\\nb'" 'what a terminal would obey is shown' "$(printf 'a\033[31m\nb')"

# --- each option of each command, and those of pgoctl itself ("")
bad_value() {	# COMMAND NAME WANTED VALUE...
	cmd=$1
	name=$2
	wanted=$3
	shift 3
	refused "option --$name wants $wanted, not '$1'" "$cmd --$name '$1'" \
		${cmd:+"$cmd"} "--$name" "$1"
	# What reads them is one function: of each option the first few, or all.
	test -n "${PGO_TESTS_LONG:-}" || set -- "$1" "$2" "$3"
	for value; do
		refused "option --$name wants $wanted, not '$value'" "$cmd --$name='$value'" \
			${cmd:+"$cmd"} "--$name=$value"
	done
}

near_miss() {	# COMMAND NAME WRONG
	case "$all_options " in *"--$3 "* | *"--$3$tap_newline"*) return ;; esac	# another option
	refused "unknown option '--$3'" "$1 --$3 is refused" ${1:+"$1"} "--$3"
	like "$err" "^hint: did you mean --$2\\?\$" "$1 --$3: the hint names --$2"
}

check_value_option() {	# COMMAND LETTER NAME ARGUMENT
	case $4 in
	N | MAJOR | PID) good=7
		bad_value "$1" "$3" 'a whole number' '' x 7x -7 ' 7' 7.5 0x7 99999999999999999999 ;;
	P%) good=2%
		bad_value "$1" "$3" 'a percentage like 2%' '' 2 x% 2%% nan% 1e999% ;;
	TIME) good=1.5m
		bad_value "$1" "$3" 'a duration like 500ms, 30s or 3m' '' x 3x -3m '3 m' inf 1e99h ;;
	SIZE) good=1.5G
		bad_value "$1" "$3" 'a size like 64K or 1.5G' '' x 3x -3K '3 K' inf 1e99G ;;
	*) good=/nowhere ;;
	esac
	refused "option --$3 wants a" "$1 --$3 without its value" ${1:+"$1"} "--$3"
	accepted "$1 --$3 with a value" ${1:+"$1"} "--$3" "$good"
	accepted "$1 --$3= with a value" ${1:+"$1"} "--$3=$good"
	refused "unknown option '--no-$3'" "$1 --no-$3" ${1:+"$1"} "--no-$3"
	[ -z "$2" ] && return
	refused "option -$2 wants a" "$1 -$2 without its value" ${1:+"$1"} "-$2"
	accepted "$1 -$2 with a value" ${1:+"$1"} "-$2" "$good"
	accepted "$1 -$2 with a value joined" ${1:+"$1"} "-$2$good"
}

check_flag() {	# COMMAND LETTER NAME
	refused "option --$3 takes no value" "$1 --$3=x" ${1:+"$1"} "--$3=x"
	accepted "$1 --$3" ${1:+"$1"} "--$3"
	accepted "$1 --no-$3" ${1:+"$1"} "--no-$3"
	[ -z "$2" ] || accepted "$1 -$2" ${1:+"$1"} "-$2"
}

for cmd in '' $commands; do
	refused "unknown option '--zzzzzzzz'" "$cmd: an option far from all" ${cmd:+"$cmd"} --zzzzzzzz
	unlike "$err" 'did you mean' "$cmd: and no hint"
	refused "unknown option '-Z'" "$cmd: an unknown letter" ${cmd:+"$cmd"} -Z
	help_options ${cmd:+"$cmd"} >options
	all_options=$(cat options)
	while read -r line; do
		letter='' name=${line#*--} arg=''
		case $line in -[a-zA-Z],*) letter=${line#-} letter=${letter%%,*} ;; esac
		case $name in *' '*) arg=${name#* } name=${name%% *} ;; esac
		if [ -n "$arg" ]; then
			check_value_option "$cmd" "$letter" "$name" "$arg"
		else
			check_flag "$cmd" "$letter" "$name"
		fi
		near_miss "$cmd" "$name" "${name}q"
		test -n "${PGO_TESTS_LONG:-}" || continue
		near_miss "$cmd" "$name" "${name%?}"
		near_miss "$cmd" "$name" "$(printf '%s\n' "$name" | sed 's/^\(.\)\(.\)\(.\)/\2\1\3/')"
	done <options
done
long=$(printf '%0200d' 0)
refused "unknown option '--$long'" 'an option of 200 characters' run "--$long"

# --- operands
for cmd in build doctor validate run; do
	refused "pgoctl $cmd: too many operands" "$cmd takes no operand" "$cmd" x
	like "$err" "^hint: usage: pgoctl $cmd " "$cmd: the hint is its usage"
	refused "pgoctl $cmd: too many operands" "$cmd: what is behind -- is an operand" "$cmd" -- --json
done
refused 'pgoctl init: too many operands' 'init takes one' init a b
refused 'pgoctl merge: -o PATH is missing' 'merge needs -o' merge x
refused 'there is no profile to merge' 'merge needs an input' merge -o x
refused "unknown format 'gdca'" 'merge --to gdca' merge --to gdca -o x "$srcdir/tests/t"

for cmd in show convert; do
	refused "pgoctl $cmd: an operand is missing" "$cmd needs one" "$cmd"
	refused "pgoctl $cmd: too many operands" "$cmd takes no more" "$cmd" a b
done
refused 'pgoctl diff: an operand is missing' 'diff needs two' diff a
refused 'pgoctl diff: too many operands' 'diff takes no more' diff a b c
refused 'pgoctl snapshot: an operand is missing' 'snapshot needs a process' snapshot
refused "'x' is no number of a process" 'snapshot x' snapshot x
refused 'pgoctl report: an operand is missing' 'report needs an input' report flame
refused "unknown kind of report 'flam'" 'report knows its kinds' report flam x
like "$err" '^hint: kinds: flame$' 'and tells them'
refused "option --by wants self or total, not 'x'" 'report --by x' report flame x -b x --by x
refused '--by is for --baseline' 'report --by alone' report flame x --by self
refused 'option --min-share wants a percentage from 0% to 100%' 'report --min-share 101%' \
	report flame x --min-share 101%
refused 'pgoctl store: an operand is missing' 'store needs a command' store
refused "unknown command 'lst' of the store" 'store lst' store lst
like "$err" '^hint: commands: add, list, ' 'and tells them'
refused 'pgoctl store add: an operand is missing' 'store add needs a file' store add
refused 'pgoctl store gc: too many operands' 'store gc x' store gc x
refused 'pgoctl store export: -o FILE is missing' 'store export needs -o' store export
for option in --good --note=x --key=x --trust=x --output=x --keep=3 --dry-run --max-size=1K; do
	refused "${option%=*} is not for pgoctl store list" "store list $option" store list "$option"
done
refused 'pgoctl convert: --to FORMAT is missing' 'convert needs --to' convert x
refused "unknown format 'profdat'" 'convert --to profdat' convert --to profdat x
like "$err" '^hint: did you mean profdata\?$' 'convert: the nearest format'
refused "unknown format 'xml'" 'convert --to xml' convert --to xml x

# --- the values of validate
for cmd in validate run; do
	refused '5 pairs can decide nothing' "$cmd --pairs 5" "$cmd" --pairs 5
	refused '0 pairs can decide nothing' "$cmd --pairs 0" "$cmd" --pairs 0
	refused 'more than 256 pairs' "$cmd --pairs 257" "$cmd" --pairs 257
	refused 'option --margin wants' "$cmd --margin 100%" "$cmd" --margin 100%
	refused 'option --margin wants' "$cmd --margin -1%" "$cmd" --margin -1%
	refused 'no pgo.yaml here' "$cmd with good values" "$cmd" --pairs 6 --margin 0% --seed 0
done

# --- places
refused "cannot go to the folder 'nowhere'" '-C to no folder' -C nowhere run
mkdir 'a b'
run "$pgoctl" -C 'a b' init
is "$status" 0 '-C: init works in that folder'
ok '-C: its file is there' test -s 'a b/pgo.yaml'

# --- output that cannot be written
for cmd in '' $commands; do
	for sink in '>/dev/full' '>&-'; do
		sh -c "\"\$@\" $sink" x "$pgoctl" ${cmd:+"$cmd"} -h 2>err
		is "$?" 6 "$cmd -h $sink: status 6"
		ok "$cmd -h $sink: says so" grep -q 'cannot write to standard output' err
	done
done
sh -c '"$@" >/dev/full' x "$pgoctl" --version 2>err
is "$?" 6 '--version >/dev/full'
sh -c '"$@" >&-' x "$pgoctl" init --print 'a b' 2>err
is "$?" 6 'init --print >&-'
sh -c '"$@" 2>&-' x "$pgoctl" frobnicate
is "$?" 2 'an error with stderr closed keeps its status'
sh -c '"$@" <&-' x "$pgoctl" -h >out
is "$?" 0 'stdin closed: no matter'

done_testing
