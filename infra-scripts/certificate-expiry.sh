#!/bin/sh
# Fails when the certificate that a TLS server shows ends within some days.
#   certificate-expiry.sh HOST PORT DAYS
# Exit codes: 0 lasts longer, 1 ends within the time, 2 could not be learnt.
set -eu
host=$1
port=$2
days=$3

shown=$(openssl s_client -connect "$host:$port" -servername "$host" </dev/null 2>/dev/null) || shown=
case $shown in
    *'BEGIN CERTIFICATE'*) ;;
    *) echo "$host:$port shows no certificate" >&2; exit 2 ;;
esac
end=$(printf '%s\n' "$shown" | openssl x509 -noout -enddate) || exit 2
end=${end#notAfter=}

if printf '%s\n' "$shown" | openssl x509 -noout -checkend $((days * 86400)) >/dev/null; then
    echo "the certificate of $host:$port lasts until $end"
else
    echo "the certificate of $host:$port ends on $end, within $days days" >&2
    exit 1
fi
