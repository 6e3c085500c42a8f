# shellcheck shell=bash
# Completion for bash: linekeeper-writer, linekeeper-tailer, linekeeperctl.

# Into $places the options, among the words, that tell where to look; into $arguments the words that
# are no options.
_linekeeper_words() {
    local i

    places=() arguments=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -c | -f | -s | --config | --state | --stats)
            places+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]/#\~\//$HOME/}") && ((i++)) ;;
        -P | --pidfile | --interval | --to) ((i++)) ;;
        -*) ;;
        *) arguments+=("${COMP_WORDS[i]}") ;;
        esac
    done
}

# Names of sections in a configuration.
_linekeeper_configured() {
    "$1" "${places[@]}" -T 2>/dev/null | sed -n 's/^\(tail\|replay\|job\) "\(.*\)" {.*/\2/p'
}

# Names of sections that a daemon shows.
_linekeeper_shown() {
    "$1" "${places[@]}" status --json 2>/dev/null |
        sed -n 's/.*"section": "[a-z]* \(.*\)".*/\1/p'
}

# Names of sections with a checkpoint.
_linekeeper_saved() {
    "$1" "${places[@]}" checkpoint show 2>/dev/null | sed '1d; s/ .*//'
}

_linekeeper_reply() {
    mapfile -t COMPREPLY < <(compgen "$@")
}

_linekeeper_daemon() {
    local word=$2 places arguments options='-f --config -n --foreground -d --debug -t --test -T --dump-config -i
        --inetd -P --pidfile -s --state -V --version -h --help'

    case $1 in
    *tailer) options+=' --once --flush --follow --wait' ;;
    *writer) options+=' --interval' ;;
    esac
    case $3 in
    -f | --config | -P | --pidfile) _linekeeper_reply -f -- "$word" && return ;;
    -s | --state) _linekeeper_reply -d -- "$word" && return ;;
    --interval) _linekeeper_reply -W '0 10ms 0.25 1s' -- "$word" && return ;;
    esac
    _linekeeper_words
    case $word:" ${places[*]} " in
    -*) _linekeeper_reply -W "$options" -- "$word" ;;
    *' -f '* | *' --config '*) _linekeeper_reply -W "$(_linekeeper_configured "$1")" -- "$word" ;;
    *) _linekeeper_reply -f -- "$word" ;;
    esac
}

_linekeeperctl() {
    local word=$2 places arguments options='-c --config --stats -s --state -V --version -h --help'

    case $3 in
    -c | -f | --config | --stats | --to) _linekeeper_reply -f -- "$word" && return ;;
    -s | --state) _linekeeper_reply -d -- "$word" && return ;;
    --interval) _linekeeper_reply -W '1s 5s 1m' -- "$word" && return ;;
    esac
    _linekeeper_words
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
    *:status* | *:top*) _linekeeper_reply -W "$(_linekeeper_shown "$1")" -- "$word" ;;
    1:checkpoint) _linekeeper_reply -W 'show set forget' -- "$word" ;;
    2:checkpoint*) _linekeeper_reply -W "$(_linekeeper_saved "$1")" -- "$word" ;;
    1:dead-letter) _linekeeper_reply -W 'list retry' -- "$word" ;;
    3:checkpoint* | *:dead-letter*) _linekeeper_reply -f -- "$word" ;;
    esac
}

complete -o filenames -F _linekeeper_daemon linekeeper-writer linekeeper-tailer
complete -o filenames -F _linekeeperctl linekeeperctl
