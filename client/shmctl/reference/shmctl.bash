# shellcheck shell=bash disable=SC2154 # a line of this gives way to tables, see parts.h
#
# Completion of shmctl(1) for bash: commands, their options and operands, and the names of objects.
# It needs nothing but bash; bash-completion loads it by its name.

@bash tables@

# _shmctl_names PROGRAM SOCKET PREFIX: the names of objects that begin so, of the broker that there
# is: without a word where there is none, and none is started.
_shmctl_names()
{
	local socket=$2

	if [[ -z $socket && -z ${SHMBROKER_SOCKET-} && ! -d /run/shmbroker ]]; then
		socket=${XDG_RUNTIME_DIR:-/run/user/$EUID}/shmbroker/socket
		[[ -S $socket ]] || socket=/tmp/shmbroker-$EUID/socket
	fi
	timeout 2 "$1" ${socket:+--socket "$socket"} list -- "$3" 2>/dev/null |
		awk 'NR > 1 { print $1 }'
}

# Take the words in front of the one that is completed apart: given, option (whose value comes),
# socket, ended (by "--"); and current. bash has broken them at ":" and "=" (COMP_WORDBREAKS).
_shmctl_read()
{
	local -a line=()
	local word i

	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((${#line[@]} > 0)) && [[ $word == [:=]* || ${line[-1]} == *[:=] ]]; then
			line[-1]+=$word
		else
			line+=("$word")
		fi
	done
	current=${line[-1]-}
	for word in "${line[@]:0:${#line[@]}-1}"; do
		if [[ -n $option ]]; then
			[[ $option != --socket ]] || socket=$word
			option=
		elif [[ -n $ended || $word != -* ]]; then
			given+=("$word")
		elif [[ $word == -- ]]; then
			ended=yes
		elif [[ $word == --socket=* ]]; then
			socket=${word#*=}
		elif [[ -n ${_shmctl_values[$word]-} ]]; then
			option=$word
		fi
	done
	if [[ -z $ended && -z $option && $current == --?*=* ]]; then
		option=${current%%=*}
		current=${current#*=}
	fi
}

_shmctl_reply_words()
{
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

# What a value or an operand is that is called so; nothing for what is not known.
_shmctl_reply_value()
{
	case $1 in
	FILE | PATH)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		;;
	GROUP) mapfile -t COMPREPLY < <(compgen -g -- "$current") ;;
	USER) mapfile -t COMPREPLY < <(compgen -u -- "$current") ;;
	?*) _shmctl_reply_words "${_shmctl_choices[$1]-}" ;;
	esac
}

# The next operand of the command $1, behind the $2 that there are.
_shmctl_reply_operand()
{
	local -a operands
	local operand

	read -r -a operands <<<"${_shmctl_operands[$1]-}"
	operand=${operands[$2]-}
	if [[ -z $operand && ${#operands[@]} -gt 0 && ${operands[-1]} == *...* ]]; then
		operand=${operands[-1]}
	fi
	operand=${operand//[^A-Z]/}
	if [[ $operand == NAME || $operand == PREFIX && $2 == 0 ]]; then
		mapfile -t COMPREPLY < <(_shmctl_names "$program" "$socket" "$current")
	else
		_shmctl_reply_value "$operand"
	fi
}

_shmctl()
{
	local program=$1 current='' option='' socket='' ended='' command='' is_help=''
	local -a given=()

	COMPREPLY=()
	_shmctl_read
	if [[ -n $option ]]; then
		_shmctl_reply_value "${_shmctl_values[$option]-}"
		return
	fi
	if [[ ${given[0]-} == help ]]; then
		is_help=yes
		given=("${given[@]:1}")
	fi
	if ((${#given[@]} > 0)); then
		command=${given[0]:-none}
		given=("${given[@]:1}")
	fi
	if [[ -n $command && -n ${_shmctl_seconds[$command]-} && ${#given[@]} -gt 0 ]]; then
		command+=" ${given[0]}"
		given=("${given[@]:1}")
	fi
	if [[ -z $ended && $current == -* ]]; then
		_shmctl_reply_words "$_shmctl_global ${_shmctl_options[${command:-none}]-}"
	elif [[ -z $command ]]; then
		_shmctl_reply_words "$_shmctl_commands"
	elif [[ -n ${_shmctl_seconds[$command]-} ]]; then
		_shmctl_reply_words "${_shmctl_seconds[$command]}"
	elif [[ -z $is_help ]]; then
		_shmctl_reply_operand "$command" "${#given[@]}"
	fi
}

complete -F _shmctl shmctl
