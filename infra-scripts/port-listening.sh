#!/bin/sh
# Fails when nothing on this machine listens on a TCP port.
#   port-listening.sh PORT
# Exit codes: 0 somebody listens, 1 nobody does, 2 could not be learnt.
set -eu
port=$1

[ -r /proc/net/tcp ] || { echo "/proc/net/tcp cannot be read: this needs Linux" >&2; exit 2; }
hex=$(printf '%04X' "$port")
tables=/proc/net/tcp
[ -r /proc/net/tcp6 ] && tables="$tables /proc/net/tcp6"

# Field 2 is address:port and field 4 the state, both hexadecimal; 0A is LISTEN.
# shellcheck disable=SC2086 # two names, meant as two words
if awk -v port=":$hex" 'substr($2, length($2) - 4) == port && $4 == "0A" { found = 1 } END { exit !found }' $tables; then
    echo "port $port is listened on"
else
    echo "nothing listens on port $port" >&2
    exit 1
fi
