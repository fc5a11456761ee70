#!/bin/sh
# Installs what pip cannot, where it may: on Debian as root, with apt. Otherwise says in one line for each thing what
# is missing and what will not work without it. `run`: for the console itself; `dev`: for its tests as well.
# CONSOLE_NO_INSTALL=1 only reports. Never fails: each missing thing takes away something, not everything.
set -u
cd "$(dirname "$0")/.."

profile=${1:-dev}
PATH=$PWD/.venv/bin:$PATH:/usr/sbin:/sbin

say() { printf '%s\n' "$*" >&2; }

has() { command -v "$1" >/dev/null 2>&1; }

# One line for each program: program, Debian package, what does not work without it.
wanted() {
    cat <<'LIST'
ssh|openssh-client|steps and consoles on other hosts
curl|curl|shell steps that call it, such as the health check of provision-environment
LIST
    [ "$profile" = run ] || cat <<'LIST'
tmux|tmux|the tests that drive the console through a real terminal are skipped
sshd|openssh-server|the tests of steps on other hosts are skipped
dbus-run-session|dbus|the tests of secrets in a desktop's secret service are skipped
gnome-keyring-daemon|gnome-keyring|the tests of secrets in a desktop's secret service are skipped
LIST
}

missing() { wanted | while IFS='|' read -r program package loss; do has "$program" || echo "$program|$package|$loss"; done; }

may_install() {
    [ -z "${CONSOLE_NO_INSTALL:-}" ] && [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && has apt-get
}

apt_quiet() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=60 "$@" >/dev/null 2>&1; }

# The tests start an sshd of their own; installing the package must not open this machine's port 22.
install_packages() {
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
        trap 'rm -f "$policy"' EXIT
        trap 'exit 130' INT TERM
    fi
    apt_quiet install --no-install-recommends -y "$@" ||
        { apt_quiet update && apt_quiet install --no-install-recommends -y "$@"; }
    status=$?
    case " $* " in
    *" openssh-server "*) has systemctl && systemctl --quiet disable ssh.service ssh.socket >/dev/null 2>&1 ;;
    esac
    return $status
}

install_missing() {
    packages=$(missing | cut -d'|' -f2 | sort -u | tr '\n' ' ')
    [ -n "$packages" ] && may_install || return 0
    say "Installing with apt: $packages"
    # shellcheck disable=SC2086 # a list of package names
    install_packages $packages || say "apt could not install them all."
}

report_missing() {
    missing | while IFS='|' read -r program package loss; do
        say "Missing: $program (package $package). Without it: $loss."
    done
}

provide_terraform() {
    if has terraform || has tofu; then
        return
    fi
    if [ -z "${CONSOLE_NO_INSTALL:-}" ]; then
        say "Neither terraform nor tofu is on the PATH: fetching OpenTofu"
        .venv/bin/python -m tools.fetch_opentofu --into .venv/bin >&2 && return
    fi
    say "Missing: terraform or tofu. Without it: no step of kind terraform can run."
}

install_missing
report_missing
provide_terraform
exit 0
