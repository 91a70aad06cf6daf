#!/bin/sh
# Fails when the file system of a path has less room than asked for.
#   disk-headroom.sh PATH MEBIBYTES
# Exit codes: 0 enough, 1 too little, 2 could not be learnt.
set -eu
path=$1
wanted=$2

listing=$(df -Pk -- "$path") || exit 2
free_kib=$(printf '%s\n' "$listing" | awk 'NR == 2 { print $4 }')
case $free_kib in
    '' | *[!0-9]*) echo "df said nothing about $path that could be read" >&2; exit 2 ;;
esac
free=$((free_kib / 1024))

echo "$free MiB free on $path"
if [ "$free" -lt "$wanted" ]; then
    echo "only $free MiB free on $path, $wanted MiB are needed" >&2
    exit 1
fi
