# shellcheck shell=bash
# Whom Commander is measured beside, from the package registries. Needs say.sh and source_dir.

# Installs what benches/peers/NAME/requirements.txt pins into an environment of its own, where that
# is not done yet. Without it only our side is measured.
peer() {
    local name=$1
    local folder=${CARGO_TARGET_DIR:-$source_dir/target}/peers/$name
    local wanted=$source_dir/benches/peers/$name/requirements.txt
    if cmp -s "$wanted" "$folder/requirements.txt"; then
        return
    fi
    say "Installing the peers of $name into $folder"
    # What was begun and not finished is begun anew.
    rm -rf "$folder"
    if python3 -m venv "$folder" &&
        "$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted"; then
        cp "$wanted" "$folder/requirements.txt"
    else
        rm -rf "$folder"
        echo "The peers of $name cannot be installed; only ours is measured."
    fi
}
