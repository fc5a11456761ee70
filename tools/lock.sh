#!/bin/sh
# Writes the lock files from pyproject.toml, for every platform and for Python 3.11 and later. Pins stay as they are
# where they still fit; `tools/lock.sh --upgrade` takes the newest versions that the ranges allow.
set -eu
cd "$(dirname "$0")/.."

compile() {
    output=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --custom-compile-command 'make lock' "$@" --output-file "$output" >/dev/null
}

compile requirements.lock pyproject.toml "$@"
compile requirements-build.lock --group build --constraint requirements.lock "$@"
compile requirements-dev.lock --group dev --constraint requirements.lock --constraint requirements-build.lock "$@"
