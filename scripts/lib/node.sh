# shellcheck shell=bash
# What the page is checked and pictured with, from the npm registry. Needs say.sh and source_dir.

# Installs it as the lock file says, where that is not done yet; its folder is then in node_tools.
node_tools() {
    command -v npm >/dev/null || fail "npm is missing; install the packages nodejs and npm"
    node_tools=${CARGO_TARGET_DIR:-$source_dir/target}/page
    mkdir -p "$node_tools"
    if ! cmp -s "$source_dir/tests/page/package-lock.json" "$node_tools/node_modules/lock"; then
        cp "$source_dir"/tests/page/package*.json "$node_tools"
        npm ci --prefix "$node_tools" --loglevel error --no-audit --no-fund --ignore-scripts
        cp "$source_dir/tests/page/package-lock.json" "$node_tools/node_modules/lock"
    fi
}
