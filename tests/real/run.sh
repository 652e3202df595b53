#!/usr/bin/env bash
# The second test suite: sidetone against software that nobody here wrote. One command, on a Debian 12 machine with Rust.
#
#   tests/real/run.sh                  install what is missing, build, run everything
#   tests/real/run.sh test_nginx.py    the same for a part; all arguments go to pytest
#
#   SIDETONE_BIN         the program to test; built from this tree if it is not set
#   SIDETONE_SIGNER, SIDETONE_DOCUMENT  the examples `twilio_signature` and `webhook_document` built; found beside SIDETONE_BIN if not set
#   SIDETONE_REAL_CACHE  where the Python environment, node_modules, configurations and logs live; target/real if it is not set
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${SIDETONE_REAL_CACHE:-$root/target/real}
mkdir -p "$cache"
# nginx and its like live where not everybody's PATH leads.
export PATH="$PATH:/usr/sbin:/sbin"

say() { printf 'tests/real: %s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# The commands that the suite needs, each with the Debian package that has it. apache2-bin and dnsmasq-base have no service to start.
missing_packages() {
    local command package
    while read -r command package; do
        command -v "$command" >/dev/null || echo "$package"
    done <<'PACKAGES'
nginx nginx
haproxy haproxy
apache2 apache2-bin
dnsmasq dnsmasq-base
prometheus prometheus
promtool prometheus
nft nftables
ip iproute2
openssl openssl
prlimit util-linux
curl curl
python3 python3
node nodejs
npm npm
PACKAGES
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
}

install_packages() {
    local packages policy=/usr/sbin/policy-rc.d
    mapfile -t packages < <(missing_packages | sort -u)
    [ ${#packages[@]} -gt 0 ] || return 0
    say "installing ${packages[*]}"
    as_root apt-get -q update
    # The suite starts its own servers on its own ports: none of the packages' services may come up.
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod 755 $policy
        trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${packages[@]}"
    if [ -n "$(trap -p EXIT)" ]; then
        as_root rm -f $policy
        trap - EXIT
    fi
}

# Runs a command unless these files are as they were when it last went through.
once_per_version() {
    local stamp="$cache/$1.stamp" versions
    versions=$(cat "${@:3:$2}" | sha256sum)
    shift $((2 + $2))
    [ "$(cat "$stamp" 2>/dev/null)" = "$versions" ] && return 0
    "$@"
    printf '%s\n' "$versions" >"$stamp"
}

install_python() {
    say "installing the Python packages"
    rm -rf "$cache/venv"
    python3 -m venv "$cache/venv"
    "$cache/venv/bin/python" -m pip install --quiet --requirement "$here/requirements.txt"
    "$cache/venv/bin/python" -m pip install --quiet --no-deps --requirement "$here/requirements-alone.txt"
}

install_node() {
    say "installing the Node packages"
    cp "$here/package.json" "$here/package-lock.json" "$cache/"
    (cd "$cache" && npm ci --silent --no-audit --no-fund)
}

build() {
    say "building sidetone"
    (cd "$root" && cargo build --release --locked --quiet --bins --example twilio_signature --example webhook_document)
    local target
    target=$(cd "$root" && cargo metadata --format-version 1 --no-deps --locked |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
    SIDETONE_BIN="$target/release/sidetone"
    export SIDETONE_SIGNER="$target/release/examples/twilio_signature" SIDETONE_DOCUMENT="$target/release/examples/webhook_document"
}

install_packages
once_per_version python 2 "$here/requirements.txt" "$here/requirements-alone.txt" install_python
once_per_version node 2 "$here/package.json" "$here/package-lock.json" install_node
[ -n "${SIDETONE_BIN:-}" ] || build
SIDETONE_BIN=$(realpath "$SIDETONE_BIN")
export SIDETONE_SIGNER="${SIDETONE_SIGNER:-$(dirname "$SIDETONE_BIN")/examples/twilio_signature}"
export SIDETONE_DOCUMENT="${SIDETONE_DOCUMENT:-$(dirname "$SIDETONE_BIN")/examples/webhook_document}"
export SIDETONE_BIN SIDETONE_REAL_CACHE="$cache" PYTHONDONTWRITEBYTECODE=1
cd "$here"
exec "$cache/venv/bin/python" -m pytest "$@"
