# SPDX-License-Identifier: Apache-2.0
# Completion of pgoctl for bash. All words come from what -h prints.

_pgoctl_commands() {
	"$1" -h 2>/dev/null | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

# _pgoctl_kinds PROGRAM COMMAND: kinds of reports, commands of the store: what stands first among the
# operands.
_pgoctl_kinds() {
	"$1" "$2" -h 2>/dev/null | sed -n "s/^usage: pgoctl $2 \\[options\\] \\([a-z|]*\\) .*/\\1/p" |
		tr '|' ' '
}

# _pgoctl_options PROGRAM [COMMAND]: the lines "-o, --output FILE  what it is for".
_pgoctl_options() {
	"$1" ${2:+"$2"} -h 2>/dev/null | sed -n '/^options:/,/^$/s/^ *\(-.*\)/\1/p'
}

# _pgoctl_value OPTION: of the option lines on stdin, what names OPTION's value, and its help.
_pgoctl_value() {
	sed -n 's/^\(-., \)*//; s/$/  /; s/'"^$1"' \([A-Z][A-Z%]*\)  *\(.*\)/\1 \2/p'
}

# The long name of a letter, or the name itself.
_pgoctl_long() {
	case $1 in
	--*) echo "$1" ;;
	-?) sed -n "s/^$1, \\(--[a-z-]*\\).*/\\1/p" ;;
	esac
}

_pgoctl_complete_value() {
	local cur=$1 kind=$2 help=$3

	compopt -o filenames 2>/dev/null
	case $kind in
	DIR) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	FILE | PATH) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	COMPILER) mapfile -t COMPREPLY < <(compgen -c -- "$cur" |
			grep -E '(^|-)(cc|gcc|clang|rustc)(-[0-9.]+)?$' | sort -u) ;;
	FORMAT) help=${help//,/ }
		mapfile -t COMPREPLY < <(compgen -W "${help// or / }" -- "$cur") ;;
	esac
}

_pgoctl() {
	local self=${COMP_WORDS[0]/#\~/$HOME} cur=${COMP_WORDS[COMP_CWORD]}
	local prev=${COMP_WORDS[COMP_CWORD-1]} command='' options value i

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-C | --directory) ((i++)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done
	options=$(_pgoctl_options "$self" "$command")
	# bash splits --output=x into three words.
	[[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}
	[[ $cur == = ]] && prev=${COMP_WORDS[COMP_CWORD-1]} cur=
	prev=$(_pgoctl_long "$prev" <<<"$options")
	value=${prev:+$(_pgoctl_value "$prev" <<<"$options")}
	if [[ $value ]]; then
		_pgoctl_complete_value "$cur" "${value%% *}" "${value#* }"
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "--help $(sed 's/^-., //; s/ .*//' <<<"$options")" \
			-- "$cur" | sort -u)
	elif [[ $command == @(report|store) && ${COMP_WORDS[COMP_CWORD-1]} == "$command" ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_pgoctl_kinds "$self" "$command")" -- "$cur")
	elif [[ ! $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_pgoctl_commands "$self")" -- "$cur")
	else
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}
complete -F _pgoctl pgoctl
