# shellcheck shell=sh disable=SC2034 # sourced: its variables are used elsewhere
#
# The Debian 12 packages that shmbroker needs, each listed once, and their installation. Sourced by
# docs/quickstart.sh, tests/run.sh, tests/fuzz/run.sh and .ci/run.

# To build the broker, the library, the command line tool, the examples and the manual pages.
packages_build="gcc g++ libc6-dev cmake ninja-build pkg-config scdoc
	libevent-dev libxxhash-dev libacl1-dev libinih-dev uthash-dev libjansson-dev
	systemtap-sdt-dev libncurses-dev"

# To build and run the tests and the benchmarks.
packages_test="check curl jq procps tmux"

# To check the models (tests/model).
packages_model="spin"

# To make packages and to try them on a real systemd (tests/systemd).
packages_systemd="systemd dpkg-dev lintian file debootstrap systemd-container procps"

# In the machine that tests/systemd boots: systemd, sessions, and what our packages depend on.
packages_machine="systemd systemd-sysv dbus dbus-user-session libpam-systemd init-system-helpers
	libacl1 libevent-core-2.1-7 libevent-extra-2.1-7 libinih1 libjansson4 libncurses6 libtinfo6"

# In the fresh Debian of tests/fresh, beside the least: what the README says that a newcomer has.
packages_fresh="sudo"

# To compare with in the benchmarks.
packages_peers="iceoryx libiceoryx-binding-c-dev libboost-dev
	libck-dev liblmdb-dev libhiredis-dev redis-server libzmq3-dev libnng-dev memcached"

# To draw what they have measured.
packages_plots="gnuplot-nox"

# To read what shmctl prints for others; tests leave out what is not there.
packages_readers="graphviz prometheus python3-prometheus-client"

# For what some tests do beside the rest; they leave it out where it is not there.
packages_more="strace zsh memcached libmemcached-dev"

# To fuzz.
packages_fuzz="clang libclang-rt-14-dev"

# To check the sources.
packages_check="clang clang-tidy clang-format cppcheck shellcheck"

# Print those of the packages that are not installed.
packages_missing() {
	for package; do
		case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
		*' installed') ;;
		*) printf '%s ' "$package" ;;
		esac
	done
}

# Install what is missing of the packages; does nothing, and needs no rights, when all are there.
packages_need() {
	missing=$(packages_missing "$@")
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" = 0 ]; then
		as_root=
	elif command -v sudo >/dev/null; then
		as_root=sudo
	else
		echo "These packages are missing, and there is no sudo to install them with:" >&2
		echo "    apt-get install $missing" >&2
		return 1
	fi
	echo "== Installing what is missing: $missing"
	# Old lists are no reason to stop, only packages that cannot be had.
	$as_root apt-get update -qq || echo "apt-get update failed, going on with the lists there are" >&2
	# shellcheck disable=SC2086 # a list of words
	$as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -qq -y --no-install-recommends $missing
}
