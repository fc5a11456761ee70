#!/bin/sh
# Makes the virtual environment and fills it from the lock files: `tools/setup.sh run` with what the console needs,
# `tools/setup.sh dev` with what its tests need as well. Quick when nothing changed: each installed lock file is
# kept in the environment, so that a change is seen by content.
set -eu
cd "$(dirname "$0")/.."

profile=${1:-dev}
venv=.venv
python=$venv/bin/python
supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2])'
tested='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$@"
    exit 1
}

# The first interpreter that passes the check $1; $PYTHON, when set, is the only candidate.
find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c "$1" 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

make_venv() {
    if "$python" -c "$supported" 2>/dev/null; then
        return
    fi
    if base=$(find_python "$tested"); then
        :
    elif base=$(find_python "$supported"); then
        say "$("$base" --version) is newer than what the locked packages were tested with (3.11 to 3.13); going on."
    else
        found=$("${PYTHON:-python3}" --version 2>/dev/null) || found="no working ${PYTHON:-python3}"
        fail "Python 3.11 or later is needed; there is $found." \
            "Install it, or name it: make PYTHON=/path/to/python3.12"
    fi
    say "Making the virtual environment $venv with $base"
    rm -rf "$venv"
    "$base" -m venv "$venv" || fail "The virtual environment could not be made." \
        "On Debian and Ubuntu, venv is a package of its own: apt-get install python3-venv"
}

installed() { cmp -s "$1" "$venv/installed/$1"; }

remember() {
    mkdir -p "$venv/installed"
    cp "$1" "$venv/installed/$1"
}

pip() { "$python" -m pip --disable-pip-version-check --quiet "$@"; }

install_lock() {
    if installed "$1"; then
        return
    fi
    say "Installing the packages of $1"
    # Not isolated: a package without a wheel is built by the pinned setuptools, not by one fetched for it.
    pip install --require-hashes --no-deps --no-build-isolation --use-pep517 --requirement "$1" ||
        fail "The packages of $1 could not be installed. Mend what pip says above (often the network or a proxy)" \
            "and run the command again: what is installed already stays."
    remember "$1"
}

install_project() {
    if installed pyproject.toml && [ -x "$venv/bin/console" ]; then
        return
    fi
    say "Installing the console itself (editable)"
    pip install --no-deps --no-build-isolation --editable . || fail "The console could not be installed; see above."
    remember pyproject.toml
}

make_venv
install_lock requirements-build.lock
install_lock requirements.lock
if [ "$profile" = dev ]; then
    install_lock requirements-dev.lock
fi
install_project
# A supervisor starts for every attempt: it must find compiled modules even when the tree is read-only for it later.
"$python" -m compileall -q console plugins || say "Some files could not be compiled; the console starts slower."
