# shellcheck shell=bash
# What is there, before and after: things of the Docker engine by id, processes by session.

# Prints a line for each thing of the engine that a test may leave: its kind, its id, what it is.
# Of images only those that Commander or the example made; others may come and go meanwhile.
engine_census() {
    docker container ls --all --no-trunc --format 'container {{.ID}} {{.Names}} of {{.Image}}'
    docker network ls --no-trunc --format 'network {{.ID}} {{.Name}}'
    docker volume ls --format 'volume {{.Name}}'
    local filter
    for filter in label=commander.instance label=commander-example.content 'reference=commander*' 'reference=commander*/*'; do
        docker image ls --all --no-trunc --filter "$filter" --format 'image {{.ID}} {{.Repository}}:{{.Tag}}'
    done | sort --unique
}

# Prints the lines of the second census whose things the first one does not have.
new_in_census() {
    awk 'FILENAME == ARGV[1] { had[$1, $2] = 1; next } !(($1, $2) in had)' "$1" "$2"
}

# Prints a line for each living process of a session: process ID COMMAND-LINE. A child belongs to the
# session of its parent, also when the parent is gone, unless it makes a session of its own; so the
# second argument is a variable (NAME=VALUE) that only this session's processes have.
processes_of() {
    local session=$1 mark=$2 marked directory stat fields
    marked=$(grep -lszx -- "$mark" /proc/[0-9]*/environ) || true
    for directory in /proc/[0-9]*; do
        { read -r stat <"$directory/stat"; } 2>/dev/null || continue
        # After the name, which may hold anything: state, parent, group, session.
        read -r -a fields <<<"${stat##*) }"
        [[ ${fields[0]} != Z ]] || continue
        if [[ ${fields[3]} == "$session" || $marked == *"$directory/environ"* ]]; then
            echo "process ${directory#/proc/} $(tr '\0' ' ' 2>/dev/null <"$directory/cmdline")"
        fi
    done
}
