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
suite=tests/real
mkdir -p "$cache"
source "$here/../install.sh"

# Pipecat stands alone: what it asks for is not wanted (requirements.txt says why).
install_python_and_pipecat() {
    install_python "$here/requirements.txt"
    "$cache/venv/bin/python" -m pip install --quiet --no-deps --requirement "$here/requirements-alone.txt"
}

# The commands that the suite needs, each with the Debian package that has it. apache2-bin and dnsmasq-base have no service to start.
install_packages <<'PACKAGES'
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
once_per_version python 2 "$here/requirements.txt" "$here/requirements-alone.txt" install_python_and_pipecat
once_per_version node 2 "$here/package.json" "$here/package-lock.json" install_node "$here"
if [ -z "${SIDETONE_BIN:-}" ]; then
    build --example twilio_signature --example webhook_document
    export SIDETONE_SIGNER="$target/release/examples/twilio_signature" SIDETONE_DOCUMENT="$target/release/examples/webhook_document"
fi
SIDETONE_BIN=$(realpath "$SIDETONE_BIN")
export SIDETONE_SIGNER="${SIDETONE_SIGNER:-$(dirname "$SIDETONE_BIN")/examples/twilio_signature}"
export SIDETONE_DOCUMENT="${SIDETONE_DOCUMENT:-$(dirname "$SIDETONE_BIN")/examples/webhook_document}"
export SIDETONE_BIN SIDETONE_REAL_CACHE="$cache" PYTHONDONTWRITEBYTECODE=1
cd "$here"
exec "$cache/venv/bin/python" -m pytest "$@"
