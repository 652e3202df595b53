#!/bin/sh
# Puts your base URLs in place of the example ones, in the alerts and in the message template. It may be run again with others only after
# the files were fetched anew.
#
#   deploy/set-urls.sh SIDETONE GRAFANA RUNBOOKS
#   deploy/set-urls.sh https://sidetone.corp.test https://grafana.corp.test https://wiki.corp.test/voice/runbooks
set -eu
[ $# -eq 3 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
for url in "$@"; do
    case $url in
        http://* | https://*) ;;
        *) echo "set-urls: $url is no http or https URL" >&2; exit 2 ;;
    esac
    case $url in
        *[!A-Za-z0-9._~:/%-]*) echo "set-urls: $url has characters that do not belong into a base URL" >&2; exit 2 ;;
    esac
done
sed -i \
    -e "s|https://sidetone\.example\.com|${1%/}|g" \
    -e "s|https://grafana\.example\.com|${2%/}|g" \
    -e "s|https://runbooks\.example\.com/sidetone|${3%/}|g" \
    "$here/prometheus/sidetone.alerts.yml" "$here/alertmanager/sidetone.tmpl"
