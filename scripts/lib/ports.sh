# shellcheck shell=bash
# TCP ports of 127.0.0.1. Needs say.sh.

port_answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Who listens there, as far as this user may see it; empty otherwise.
port_holder() {
    command -v ss >/dev/null || return 0
    ss -Hltnp "sport = :$1" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1, process \2/p' | head -n 1
}

# Prints the first port from the wanted one on where nobody listens.
free_port() {
    local port
    for ((port = $1; port < $1 + 100; port++)); do
        if ! port_answers "$port"; then
            echo "$port"
            return
        fi
    done
    fail "no port from $1 to $((port - 1)) is free on 127.0.0.1"
}

# Waits until somebody listens at a port, or its process is gone: wait_for_port PORT PROCESS-ID.
wait_for_port() {
    local tries
    for ((tries = 0; tries < 150; tries++)); do
        if port_answers "$1"; then
            return
        fi
        kill -0 "$2" 2>/dev/null || return 1
        sleep 0.2
    done
    return 1
}
