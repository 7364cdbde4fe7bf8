# shellcheck shell=bash
# Sourced by the scripts: what they say, how they fail, how they wait.
#
# A command that takes long never leaves its reader without a line for more than ten seconds, and
# never outlives the script that started it.

# Seconds between two signs of life.
readonly quiet_limit=8

# The process group of the command that is running, empty if there is none.
running_group=

say() {
    printf '%s\n' "$*"
}

# complain SENTENCE [HINT]... : one clear sentence, then what to do, each on its own line.
complain() {
    printf 'error: %s\n' "$1" >&2
    shift
    local hint
    for hint in "$@"; do printf '  %s\n' "${hint//$'\n'/$'\n'  }" >&2; done
}

# fail SENTENCE [HINT]... : says it and ends the script.
fail() {
    complain "$@"
    exit 1
}

# misuse SENTENCE [HINT]... : the same for a command line that makes no sense, with the commands' code.
misuse() {
    complain "$@"
    exit 64
}

# Ends the command that is running with everything it started.
stop_running() {
    [ -n "$running_group" ] || return 0
    local group=$running_group
    running_group=
    kill -TERM -- "-$group" 2>/dev/null || return 0
    local attempt
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        kill -0 -- "-$group" 2>/dev/null || return 0
        sleep "0.$attempt"
    done
    kill -KILL -- "-$group" 2>/dev/null || true
}

# launch LOG COMMAND... : starts the command in a process group of its own, so that stop_running
# reaches all of it; its output goes to LOG.
launch() {
    local log=$1
    shift
    # Emptied here and not by the child, which may come after the first look at it.
    : >"$log"
    set -m
    "$@" </dev/null >>"$log" 2>&1 &
    running_group=$!
    set +m
}

# settle : waits for what launch started and returns its exit code.
settle() {
    local code=0
    wait "$running_group" || code=$?
    running_group=
    return "$code"
}

# work LABEL LOG COMMAND... : runs the command with its output in LOG; says LABEL, a line of life
# while it lasts, and how long it took. Returns the command's exit code.
work() {
    local label=$1 log=$2 began=$SECONDS said=$SECONDS code=0 last
    shift 2
    say "$label"
    launch "$log" "$@"
    while kill -0 "$running_group" 2>/dev/null; do
        sleep 0.2
        if ((SECONDS - said >= quiet_limit)); then
            last=$(tail -n 1 "$log" 2>/dev/null | tr -d '\r' | cut -c 1-90 || true)
            say "  ... $((SECONDS - began)) s: ${last:-working}"
            said=$SECONDS
        fi
    done
    settle || code=$?
    return "$code"
}

# stream LABEL LOG COMMAND... : as work, but shows the command's own output as it comes; a line of
# life only when that is silent.
stream() {
    local label=$1 log=$2 began=$SECONDS said=$SECONDS shown=0 size code=0 ended=
    shift 2
    say "$label"
    launch "$log" "$@"
    while [ -z "$ended" ]; do
        # Asked before the size is read, so that the last bytes are always shown.
        kill -0 "$running_group" 2>/dev/null || ended=yes
        size=$(stat -c %s "$log")
        if ((size > shown)); then
            tail -c "+$((shown + 1))" "$log" | head -c "$((size - shown))"
            shown=$size
            said=$SECONDS
        elif [ -z "$ended" ] && ((SECONDS - said >= quiet_limit)); then
            say "  ... still at it, $((SECONDS - began)) s"
            said=$SECONDS
        fi
        [ -n "$ended" ] || sleep 0.2
    done
    settle || code=$?
    return "$code"
}
