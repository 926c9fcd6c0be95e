#compdef shmctl
#
# Completion of shmctl(1) for zsh: commands, their options and operands, and the names of objects.

@zsh tables@

# _shmctl_names PROGRAM SOCKET: the names of objects that begin as the word does, of the broker that
# there is: without a word where there is none, and none is started.
_shmctl_names() {
	local socket=$2 expl
	local -a names

	if [[ -z $socket && -z ${SHMBROKER_SOCKET-} && ! -d /run/shmbroker ]]; then
		socket=${XDG_RUNTIME_DIR:-/run/user/$EUID}/shmbroker/socket
		[[ -S $socket ]] || socket=/tmp/shmbroker-$EUID/socket
	fi
	names=(${(f)"$(timeout 2 "$1" ${socket:+--socket} ${socket:+"$socket"} list -- "$PREFIX" 2>/dev/null |
		awk 'NR > 1 { print $1 }')"})
	_wanted objects expl object compadd -a names
}

# What a value or an operand is that is called so; nothing for what is not known.
_shmctl_value() {
	local expl

	case $1 in
	FILE | PATH) _files ;;
	GROUP) _groups ;;
	USER) _users ;;
	*) [[ -n ${_shmctl_choices[$1]-} ]] && _wanted words expl "$1" compadd -- ${=_shmctl_choices[$1]} ;;
	esac
}

# The next operand of the command $1, behind the $2 that there are.
_shmctl_operand() {
	local -a operands
	local operand

	operands=(${=_shmctl_operands[$1]})
	operand=${operands[$2 + 1]-}
	[[ -z $operand && ${operands[-1]-} == *...* ]] && operand=${operands[-1]}
	operand=${operand//[^A-Z]/}
	if [[ $operand == NAME || ( $operand == PREFIX && $2 == 0 ) ]]; then
		_shmctl_names "$program" "$socket"
	else
		_shmctl_value "$operand"
	fi
}

_shmctl_first_words() {
	local -a pairs
	local word

	for word in ${=_shmctl_commands}; do
		pairs+=("$word:${_shmctl_summaries[$word]:-${_shmctl_seconds[$word]-}}")
	done
	_describe -t commands command pairs
}

_shmctl_second_words() {
	local -a pairs
	local word

	for word in ${=_shmctl_seconds[$1]}; do
		pairs+=("$word:${_shmctl_summaries[$1 $word]}")
	done
	_describe -t commands "$1 command" pairs
}

_shmctl_option_words() {
	local -a pairs
	local word

	for word in ${=_shmctl_global} ${=_shmctl_options[$1]-}; do
		pairs+=("$word:${_shmctl_option_summaries[$word]}")
	done
	_describe -o -t options option pairs
}

_shmctl() {
	local word option= socket= ended= command= is_help= program=${words[1]}
	local -a given

	for word in "${(@Q)words[2,CURRENT - 1]}"; do
		if [[ -n $option ]]; then
			[[ $option == --socket ]] && socket=$word
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
	if [[ -z $ended && -z $option && $PREFIX == --?*=* ]]; then
		option=${PREFIX%%=*}
		compset -P '*='
	fi
	if [[ -n $option ]]; then
		_shmctl_value "${_shmctl_values[$option]-}"
		return
	fi
	if [[ ${given[1]-} == help ]]; then
		is_help=yes
		shift given
	fi
	if (( $#given )); then
		command=${given[1]}
		shift given
	fi
	if [[ -n ${_shmctl_seconds[$command]-} ]] && (( $#given )); then
		command+=" ${given[1]}"
		shift given
	fi
	if [[ -z $ended && $PREFIX == -* ]]; then
		_shmctl_option_words "$command"
	elif [[ -z $command ]]; then
		_shmctl_first_words
	elif [[ -n ${_shmctl_seconds[$command]-} ]]; then
		_shmctl_second_words "$command"
	elif [[ -z $is_help ]]; then
		_shmctl_operand "$command" $#given
	fi
}

_shmctl "$@"
