# shellcheck shell=bash disable=SC2034 # what is set here is read by the tests
#
# For the tests of the programs, as a user meets them: `load helpers` first in a .bats file.
# A file with a setup() or teardown() of its own calls enter_room and leave_room in them.
#
#   $WRITER $TAILER $CTL   the built programs      $SOURCE   the source tree      $BUILD   what was built
#   The working directory is the test's own and empty; so are the user's state and run time folders.

SOURCE=$(cd "$BATS_TEST_DIRNAME" && until [ -e include/linekeeper/handler.h ]; do cd ..; done && pwd)
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$SOURCE/$BUILD ;; esac
WRITER=$BUILD/linekeeper-writer
TAILER=$BUILD/linekeeper-tailer
CTL=$BUILD/linekeeperctl
export SOURCE BUILD WRITER TAILER CTL
export PATH=$PATH:/usr/sbin:/sbin:$SOURCE/.tools/usr/sbin:$SOURCE/.tools/usr/bin # inetd and others, from `make deps-check`

enter_room() {
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p home state run
    export HOME=$PWD/home XDG_STATE_HOME=$PWD/state XDG_RUNTIME_DIR=$PWD/run TZ=UTC LC_ALL=C
    unset NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID LISTEN_FDS LISTEN_PID LISTEN_FDNAMES JOURNAL_STREAM
    names=()
    # shellcheck disable=SC2173
    trap : KILL # bash is not to report those that a test kills
}

leave_room() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || show_errors
    stop_all
}

setup() { enter_room; }
teardown() { leave_room; }

# --- programs in the background ---

# start NAME COMMAND...: runs until stopped; its output is in NAME.out, its errors in NAME.err.
# It leads a process group of its own, as a job of an interactive shell does.
start() {
    local name=$1
    shift
    set -m
    "$@" </dev/null >"$name.out" 2>"$name.err" 3>&- &
    set +m
    echo $! >"$name.started"
    names+=("$name")
}

# The process id of what start began as NAME.
pid() { cat "$1.started"; }

running() { kill -0 "$1" 2>/dev/null && ! zombie "$1"; }
gone() { ! running "$1"; }
zombie() { grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }

# send NAME SIGNAL
send() { kill "-$2" "$(pid "$1")"; }

# ended NAME [SECONDS]: waits for its end; its exit status is then in $status.
ended() {
    wait_for "${2:-10}" gone "$(pid "$1")"
    status=0
    wait "$(pid "$1")" || status=$?
}

# stop NAME [SIGNAL]: ends it; its exit status is then in $status.
stop() {
    send "$1" "${2:-TERM}"
    ended "$1"
}

# Whatever still runs of this test: jobs with their groups, and daemons that left a pidfile.
stop_all() {
    local name file daemon

    for name in "${names[@]}"; do
        kill -KILL -- "-$(pid "$name")" || true
        wait "$(pid "$name")" || true
    done 2>/dev/null
    while IFS= read -r file; do
        daemon=$(head -n 1 "$file" | tr -cd 0-9)
        case $(readlink "/proc/${daemon:-0}/exe") in
        "$BUILD"/*) kill -KILL "$daemon" || true ;;
        esac
    done < <(find "$BATS_TEST_TMPDIR" -name '*.pid' -type f)
    names=()
}

show_errors() {
    local file

    for file in "$BATS_TEST_TMPDIR"/*.err; do
        [ ! -s "$file" ] || { echo "--- ${file##*/}" && tail -n 20 "$file"; }
    done
}

# --- waiting for conditions, never for time ---

# wait_for SECONDS COMMAND...: until the command succeeds, at most so long.
wait_for() {
    local limit=$1 end

    shift
    end=$((${EPOCHREALTIME/[.,]/} + limit * 1000000))
    until "$@" >/dev/null 2>&1; do
        if [ "${EPOCHREALTIME/[.,]/}" -gt "$end" ]; then
            echo "waited $limit s in vain for: $*"
            return 1
        fi
        sleep 0.02
    done
}

# has_lines FILE COUNT: at least so many lines.
has_lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }

# contains FILE PATTERN
contains() { grep -q -- "$2" "$1"; }

# --- lines, the oracle ---

# numbered FROM TO: one line for each number.
numbered() { seq -f 'line %08.0f' "$1" "$2"; }

# assert_lines_equal EXPECTED ACTUAL: two files, none missing, none twice, in order.
assert_lines_equal() {
    cmp -s "$1" "$2" && return
    echo "expected $(wc -l <"$1") lines as in $1, found $(wc -l <"$2") in $2; the first differences:"
    diff "$1" "$2" | head -n 10
    return 1
}

# assert_equal EXPECTED ACTUAL
assert_equal() {
    [ "$1" = "$2" ] && return
    printf 'expected: %s\nfound:    %s\n' "$1" "$2"
    return 1
}

# no_signals MASK: none, as /proc/PID/status writes it. The two that glibc keeps for itself are left
# ignored by its posix_spawn(3), by which make(1) starts the tests, and nobody can change that.
no_signals() { assert_equal 0 $((0x$1 & ~0x180000000)); }

# --- what a test needs ---

# require COMMAND...: skips the test if one of them is missing.
require() {
    local command

    for command; do
        type "$command" >/dev/null 2>&1 || skip "$command is not installed"
    done
}

# A bare chroot has no pseudo-terminals.
require_terminal() {
    require script
    script -qec true /dev/null >/dev/null 2>&1 || skip "no pseudo-terminals"
}

require_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }
