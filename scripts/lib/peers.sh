# shellcheck shell=bash
# Whom Commander is measured beside, from the package registries. Needs say.sh and source_dir.

# Installs LangGraph with the versions that its requirements pin, into an environment of its own,
# where that is not done yet. Without it only our side is measured.
langgraph_peer() {
    local folder=${CARGO_TARGET_DIR:-$source_dir/target}/peers/langgraph
    local wanted=$source_dir/benches/peers/langgraph/requirements.txt
    if cmp -s "$wanted" "$folder/requirements.txt"; then
        return
    fi
    say "Installing LangGraph into $folder"
    # What was begun and not finished is begun anew.
    rm -rf "$folder"
    if python3 -m venv "$folder" &&
        "$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted"; then
        cp "$wanted" "$folder/requirements.txt"
    else
        rm -rf "$folder"
        echo "LangGraph cannot be installed; the engine is measured without its peer."
    fi
}
