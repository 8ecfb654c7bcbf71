#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Completion for bash: it offers what -h lists, no more and no less.
. "${srcdir:-$(dirname "$0")/../..}/tests/lib/tap.sh"
need bash

# offered WORD...: what is offered for the last word.
cat >words.bash <<'END'
. "$srcdir/completion/pgoctl.bash"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_pgoctl
for word in "${COMPREPLY[@]}"; do printf '%s\n' "$word"; done
END
offered() { srcdir=$srcdir bash ./words.bash "$pgoctl" "$@" 2>&1; }
options_of() { "$pgoctl" "$@" -h | sed -n 's/^  .*\(--[a-z-]*\).*/\1/p'; }

mkdir dir
: >dir/f
: >'a file'

commands=$("$pgoctl" -h | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
is "$(offered '' | sort)" "$(printf '%s\n' $commands | sort)" 'every command'
is "$(offered va)" validate 'a command by its first letters'
is "$(offered -C dir va)" validate 'behind an option with a value'
is "$(offered -q --directory=dir va)" validate 'behind one with its value joined'
is "$(offered -- | sort)" "$(options_of | sort)" 'every option of pgoctl'
for cmd in $commands; do
	is "$(offered "$cmd" - | sort)" "$({ options_of "$cmd"; echo --help; } | sort)" \
		"every option of $cmd"
	is "$(offered "$cmd" x --he)" --help "--help of $cmd"
done
is "$(offered run --conf)" --config 'an option by its first letters'
is "$(offered run --zz)" '' 'nothing for a word that begins none'

is "$(offered -C '')" dir 'folders for DIR'
is "$(offered run --config '' | sort)" "$(ls)" 'files for FILE'
is "$(offered run -c 'a f')" 'a file' 'a file with a blank, by the letter'
is "$(offered run --config = a)" 'a file' 'behind a "=", which bash makes a word'
is "$(offered run --config = | sort)" "$(ls)" 'behind a bare "="'
is "$(offered show a)" 'a file' 'files for operands'
is "$(offered report '')" flame 'the kinds of reports'
is "$(offered report flame 'a f')" 'a file' 'and files behind them'
is "$(offered store '' | xargs)" 'add list show pin unpin rollback gc verify export import keygen' 'the commands of the store'
is "$(offered store add 'a f')" 'a file' 'and files behind them, too'
is "$(offered run --pairs '')" '' 'nothing for a number'
is "$(offered run --margin '')" '' 'nothing for a percentage'
is "$(offered convert --to '' | xargs)" 'profdata proftext gcda sample-text sample-binary sample-extbinary afdo-1 afdo-2 fdata unsymbolized preaggregated collapsed' 'the formats of convert'
is "$(offered convert --to proft)" proftext 'a format by its first letters'
mkdir bin
for tool in gcc-99 clang++-98 x86_64-linux-gnu-gcc-97 succ gccgo; do
	printf '#!/bin/sh\n' >"bin/$tool"
	chmod +x "bin/$tool"
done
compilers=$(PATH=$tmp/work/bin:$PATH offered run --cc '')
like "$compilers" '^gcc-99$' 'a compiler on PATH for COMPILER'
like "$compilers" '^x86_64-linux-gnu-gcc-97$' 'with a target before its name'
unlike "$compilers" '^(succ|gccgo|sh)$' 'and nothing that is none'

done_testing
