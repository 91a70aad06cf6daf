# shellcheck shell=bash
# The Docker daemon: whether it answers, starting it, and this user's right to it.
# Needs say.sh and packages.sh.

docker_socket=/var/run/docker.sock

docker_answers() {
    command -v docker >/dev/null && docker version --format '{{.Server.Version}}' >/dev/null 2>&1
}

# A daemon may well run here, but this user cannot reach it.
docker_is_forbidden() {
    [[ -S $docker_socket && ! -w $docker_socket ]]
}

# Whether this user is listed in the group that may use the socket; this login may still be older.
in_docker_group() {
    [[ $EUID -eq 0 ]] || id -nG "$(id -un)" | grep -qw docker
}

# Starts the daemon and waits until it answers root. With systemd it is a service like any other;
# without, it runs in a session of its own, its output in $docker_log. Its process id is in
# $dockerd_pid. It goes on when the script ends: what was deployed lives in it.
start_docker() {
    dockerd_pid=
    docker_log=/var/log/dockerd.log
    if [[ -d /run/systemd/system ]]; then
        as_root systemctl start docker || fail "the Docker service does not start; see: systemctl status docker"
    elif ! docker_daemon_lives; then
        # A daemon that was killed hard leaves its pid file, and the next one refuses to start.
        as_root rm -f /var/run/docker.pid
        # shellcheck disable=SC2016 # the inner shell expands
        dockerd_pid=$(as_root sh -c 'setsid dockerd >"$1" 2>&1 </dev/null 9>&- & echo $!' sh "$docker_log")
    fi
    local tries
    for ((tries = 0; tries < 120; tries++)); do
        if as_root docker version >/dev/null 2>&1; then
            [[ ! -d /run/systemd/system ]] || dockerd_pid=$(systemctl show --property MainPID --value docker)
            return
        fi
        if [[ -n $dockerd_pid && ! -d /proc/$dockerd_pid ]]; then
            as_root tail -n 5 "$docker_log" >&2
            fail "dockerd ended at once (its last lines are above, all of them in $docker_log)"
        fi
        sleep 0.5
    done
    fail "the Docker daemon does not answer after 60 seconds; its output is in $docker_log or: journalctl -u docker"
}

# Ends the daemon that start_docker has started, given its process id, and waits until it is gone:
# with it goes the containerd that it has started.
stop_docker() {
    local tries
    [[ $(cat "/proc/$1/comm" 2>/dev/null) == dockerd ]] || return 0
    if [[ -d /run/systemd/system ]]; then
        # Without its socket, the next question would start it again.
        as_root systemctl stop docker.socket docker.service
        return
    fi
    as_root kill -TERM "$1"
    for ((tries = 0; tries < 60; tries++)); do
        [[ -d /proc/$1 ]] || return 0
        sleep 0.5
    done
    fail "the Docker daemon (process $1) does not end; its output is in $docker_log"
}

# Sees to an engine that answers and that this user may use: borrow_docker SCRIPT [ARGUMENT...]. The
# script is started anew where the right to the socket was missing; return_docker ends a daemon that
# was started here.
borrow_docker() {
    dockerd_pid=${COMMANDER_STARTED_DOCKERD:-}
    if ! docker_answers && ! docker_is_forbidden; then
        say "Starting the Docker daemon"
        start_docker
    fi
    if docker_is_forbidden; then
        export COMMANDER_STARTED_DOCKERD=$dockerd_pid
        run_with_docker_right "$@"
    fi
    docker_answers || fail "the Docker daemon does not answer; look at: docker version"
}

return_docker() {
    [[ -z ${dockerd_pid:-} ]] || stop_docker "$dockerd_pid"
    dockerd_pid=
}

# Whether the pid file names a living dockerd; the number alone may be anybody's by now.
docker_daemon_lives() {
    local pid
    pid=$(cat /var/run/docker.pid 2>/dev/null) || return 1
    [[ $(cat "/proc/$pid/comm" 2>/dev/null) == dockerd ]]
}

# Gives this user a right to the socket and starts the script again with it, at once, without a new
# login: run_with_docker_right SCRIPT [ARGUMENT...]. Does not return.
run_with_docker_right() {
    local user
    user=$(id -un)
    [[ -z ${COMMANDER_HAS_DOCKER_GROUP:-} ]] ||
        fail "$user is in the group docker and still may not use $docker_socket; look at: ls -l $docker_socket"
    if ! in_docker_group; then
        as_root usermod -aG docker "$user"
    fi
    command -v sg >/dev/null || fail "$user is in the group docker now; log in again and start this script again"
    export COMMANDER_HAS_DOCKER_GROUP=yes
    # sg takes one text for a shell; quoting each word keeps it the same words. It stays between this
    # process and the script and passes no signal on: when it is ended, so must the script be.
    exec sg docker -c "exec setpriv --pdeathsig TERM $(quoted "$@")"
}

# The words as a POSIX shell would have to be given them.
quoted() {
    local word
    for word in "$@"; do
        printf "'%s' " "${word//\'/\'\\\'\'}"
    done
}
