#!/usr/bin/env bash
# The third test suite: the on-call kit, each part proven by the real tool. One command, on a Debian 12 machine with Rust.
#
#   tests/oncall/run.sh                  install what is missing, build, run everything
#   tests/oncall/run.sh test_rules.py    the same for a part; all arguments go to pytest
#
#   SIDETONE_BIN           the program to test; built from this tree if it is not set
#   SIDETONE_ONCALL_CACHE  where the Python environment, node_modules, configurations and logs live; target/oncall if it is not set
set -euo pipefail
shopt -s nullglob

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${SIDETONE_ONCALL_CACHE:-$root/target/oncall}
suite=tests/oncall
mkdir -p "$cache"
source "$here/../install.sh"

install_packages < <(cat "$here"/packages/*.txt)
requirements=("$here"/requirements/*.txt)
once_per_version python ${#requirements[@]} "${requirements[@]}" install_python "${requirements[@]}"
if [ -e "$here/package.json" ]; then
    once_per_version node 2 "$here/package.json" "$here/package-lock.json" install_node "$here"
fi
[ -n "${SIDETONE_BIN:-}" ] || build
SIDETONE_BIN=$(realpath "$SIDETONE_BIN")
export SIDETONE_BIN SIDETONE_ONCALL_CACHE="$cache" PYTHONDONTWRITEBYTECODE=1
cd "$here"
exec "$cache/venv/bin/python" -m pytest "$@"
