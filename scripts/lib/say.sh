# shellcheck shell=bash
# How scripts speak: what they do on standard output, why they stop on standard error.

say() {
    printf '\n==> %s\n' "$*"
}

fail() {
    printf '\n%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}
