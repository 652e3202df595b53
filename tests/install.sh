# What the test suites need, installed once: Debian packages, a Python environment, Node packages, the program. Sourced by their run.sh,
# which sets `suite` (its name, for messages), `root` (of the repository) and `cache` (where all but the packages goes).

# nginx and its like live where not everybody's PATH leads.
export PATH="$PATH:/usr/sbin:/sbin"

say() { printf '%s: %s\n' "$suite" "$*" >&2; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Reads lines of `command package` and names the packages whose command is not there. Empty lines and those that begin with # are passed over.
missing_packages() {
    local command package
    while read -r command package; do
        case $command in '' | '#'*) continue ;; esac
        command -v "$command" >/dev/null || echo "$package"
    done
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
}

# Installs what is missing of the lines on standard input.
install_packages() {
    local packages policy=/usr/sbin/policy-rc.d
    mapfile -t packages < <(missing_packages | sort -u)
    [ ${#packages[@]} -gt 0 ] || return 0
    say "installing ${packages[*]}"
    as_root apt-get -q update
    # A suite starts its own servers on its own ports: none of the packages' services may come up.
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

# once_per_version STAMP COUNT FILE… COMMAND…: runs the command unless the COUNT files are as they were when it last went through.
once_per_version() {
    local stamp="$cache/$1.stamp" versions
    versions=$(cat "${@:3:$2}" | sha256sum)
    shift $((2 + $2))
    [ "$(cat "$stamp" 2>/dev/null)" = "$versions" ] && return 0
    "$@"
    printf '%s\n' "$versions" >"$stamp"
}

# install_python FILE…: a fresh environment with these requirements.
install_python() {
    say "installing the Python packages"
    rm -rf "$cache/venv"
    python3 -m venv "$cache/venv"
    "$cache/venv/bin/python" -m pip install --quiet "${@/#/--requirement=}"
}

# install_node FOLDER: node_modules of its package.json and lock.
install_node() {
    say "installing the Node packages"
    cp "$1/package.json" "$1/package-lock.json" "$cache/"
    (cd "$cache" && npm ci --silent --no-audit --no-fund)
}

# build OPTION…: builds the program (and what else the options of cargo name) and sets `target` to its folder and SIDETONE_BIN.
build() {
    say "building sidetone"
    (cd "$root" && cargo build --release --locked --quiet --bins "$@")
    target=$(cd "$root" && cargo metadata --format-version 1 --no-deps --locked |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
    SIDETONE_BIN="$target/release/sidetone"
}
