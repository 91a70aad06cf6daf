# shellcheck shell=bash
# What this machine lacks, and getting it from the distribution. Needs say.sh.

# Whether packages can be installed here; elsewhere a person is told what to install.
has_apt() {
    command -v apt-get >/dev/null && [[ -e /etc/debian_version ]]
}

as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "this needs root, and there is no sudo; as root, run: $*"
    fi
}

# Prints, a word each, the packages that would bring what is missing of the named parts.
missing_packages() {
    local part
    for part in "$@"; do
        case $part in
        busybox) command -v busybox >/dev/null || echo busybox-static ;;
        # The crates with C inside want a compiler; nothing more.
        cc) command -v cc >/dev/null || echo gcc libc6-dev ;;
        # The driver is of the same version only where both come from the distribution.
        chromium) command -v chromedriver >/dev/null || echo chromium chromium-driver ;;
        curl) command -v curl >/dev/null || echo curl ;;
        docker) docker_packages ;;
        git) command -v git >/dev/null || echo git ;;
        # npm is a package of its own where the distribution packs Node.js.
        node) command -v npm >/dev/null || echo nodejs npm ;;
        make) command -v make >/dev/null || echo make ;;
        perl) /usr/bin/perl -MTime::HiRes -e 1 2>/dev/null || echo perl ;;
        # Where the distribution keeps the two apart, the second brings pip into a new environment.
        python) python3 -c 'import venv, ensurepip' 2>/dev/null || echo python3 python3-venv ;;
        prometheus) command -v prometheus >/dev/null || echo prometheus ;;
        shellcheck) command -v shellcheck >/dev/null || echo shellcheck ;;
        *) fail "scripts/lib/packages.sh does not know what brings $part" ;;
        esac
    done
}

# The distribution's engine, unless one is here already (docker-ce, or one that answers from
# elsewhere). Its command line is a package of its own in newer distributions.
docker_packages() {
    if ! command -v dockerd >/dev/null && ! docker_answers; then
        echo docker.io
    fi
    if ! command -v docker >/dev/null && apt-cache show docker-cli >/dev/null 2>&1; then
        echo docker-cli
    fi
    # Published ports need it, and docker.io only recommends it in some releases.
    command -v iptables >/dev/null || docker_answers || echo iptables
}

# Installs packages and nothing that they merely recommend.
install_packages() {
    as_root apt-get -o DPkg::Lock::Timeout=300 -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
        install --yes --quiet --no-install-recommends "$@"
}

# Installs what brings the named parts, as far as it is missing.
install_missing() {
    local missing
    read -r -a missing -d '' < <(missing_packages "$@") || true
    if [[ ${#missing[@]} -eq 0 ]]; then
        return
    fi
    has_apt || fail "this script installs packages on Debian and Ubuntu only; install what brings the following there: ${missing[*]}"
    say "Installing ${missing[*]}"
    if [[ " ${missing[*]} " == *" prometheus "* && -d /run/systemd/system ]]; then
        echo "The package prometheus also starts a Prometheus of its own on port 9090, which is not used"
        echo "here; \`sudo systemctl disable --now prometheus\` ends that one."
    fi
    install_packages "${missing[@]}"
    # Only a package list that is up to date says whether Docker's command line is a package of its own.
    read -r -a missing -d '' < <(missing_packages "$@") || true
    [[ ${#missing[@]} -eq 0 ]] || install_packages "${missing[@]}"
}
