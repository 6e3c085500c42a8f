# shellcheck shell=bash
# Completion for bash: linekeeper-writer, linekeeper-tailer, linekeeperctl.

# Names of sections in a configuration: the -f among the words, or the program's own.
_linekeeper_configured() {
    local i file=()

    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in -f | --config) file=(-f "${COMP_WORDS[i + 1]}") ;; esac
    done
    "$1" -T "${file[@]}" 2>/dev/null | sed -n 's/^\(tail\|replay\|job\) "\(.*\)" {.*/\2/p'
}

# Names of sections that a daemon shows.
_linekeeper_shown() {
    linekeeperctl status --json 2>/dev/null | sed -n 's/.*"section": "[a-z]* \(.*\)".*/\1/p'
}

_linekeeper_reply() {
    mapfile -t COMPREPLY < <(compgen "$@")
}

_linekeeper_daemon() {
    local word=$2 options='-f --config -n --foreground -d --debug -t --test -T --dump-config -i
        --inetd -P --pidfile -s --state -V --version -h --help'

    case $1 in
    *tailer) options+=' --once --flush' ;;
    *writer) options+=' --interval' ;;
    esac
    case $3 in
    -f | --config | -P | --pidfile) _linekeeper_reply -f -- "$word" && return ;;
    -s | --state) _linekeeper_reply -d -- "$word" && return ;;
    --interval) _linekeeper_reply -W '0 10ms 0.25 1s' -- "$word" && return ;;
    esac
    case $word in
    -*) _linekeeper_reply -W "$options" -- "$word" ;;
    *) case " ${COMP_WORDS[*]} " in
        *' -f '* | *' --config '*) _linekeeper_reply -W "$(_linekeeper_configured "$1")" -- "$word" ;;
        *) _linekeeper_reply -f -- "$word" ;;
        esac ;;
    esac
}

# The words behind the command, without options.
_linekeeper_arguments() {
    local i

    arguments=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -c | -f | -s | --config | --stats | --state | --interval | --to) i=$((i + 1)) ;;
        -*) ;;
        *) arguments+=("${COMP_WORDS[i]}") ;;
        esac
    done
}

_linekeeperctl() {
    local word=$2 arguments options='-c --config --stats -s --state -V --version -h --help'

    case $3 in
    -c | -f | --config | --stats | --to) _linekeeper_reply -f -- "$word" && return ;;
    -s | --state) _linekeeper_reply -d -- "$word" && return ;;
    --interval) _linekeeper_reply -W '1s 5s 1m' -- "$word" && return ;;
    esac
    _linekeeper_arguments
    if [[ $word == -* ]]; then
        case ${arguments[*]} in
        status*) options+=' --json --interval' ;;
        top*) options+=' --interval' ;;
        metrics*) options+=' --http' ;;
        'checkpoint set'*) options+=' --force' ;;
        'dead-letter retry'*) options+=' --to' ;;
        esac
        _linekeeper_reply -W "$options" -- "$word"
        return
    fi
    case ${#arguments[@]}:${arguments[*]} in
    0:) _linekeeper_reply -W 'status top metrics checkpoint dead-letter' -- "$word" ;;
    *:status* | *:top*) _linekeeper_reply -W "$(_linekeeper_shown)" -- "$word" ;;
    1:checkpoint) _linekeeper_reply -W 'show set forget' -- "$word" ;;
    2:checkpoint*) _linekeeper_reply -W "$(_linekeeper_shown)" -- "$word" ;;
    1:dead-letter) _linekeeper_reply -W 'list retry' -- "$word" ;;
    3:checkpoint* | *:dead-letter*) _linekeeper_reply -f -- "$word" ;;
    esac
}

complete -o filenames -F _linekeeper_daemon linekeeper-writer linekeeper-tailer
complete -o filenames -F _linekeeperctl linekeeperctl
