# shellcheck shell=sh
#
# A Debian machine in a container, for tests in the language of the shell. Sourced. debian_root.sh makes
# its root; the machine lives in namespaces and a control group of its own and writes to memory, so that
# whatever happens nothing of it stays.
#
# A script that runs one says what it cannot do with `not_tested REASON`, which it has defined.

# require_container COMMAND...: it can be done here, and there are these commands.
require_container() {
	[ "$(id -u)" = 0 ] || not_tested "only root can make a machine in a container"
	grep -qs '^ID=debian$' /etc/os-release || not_tested "it is for Debian, and this is not Debian"
	for command in debootstrap systemd-nspawn setpriv "$@"; do
		command -v "$command" >/dev/null ||
			not_tested "there is no $command; tests/support/packages.sh lists what is needed"
	done
	# shellcheck disable=SC2016 # expanded in there
	unshare --mount --pid --fork --mount-proc sh -c '
		mount -t tmpfs tmpfs /mnt && mkdir /mnt/a /mnt/b /mnt/c &&
		mount -t overlay -o lowerdir=/mnt/a,upperdir=/mnt/b,workdir=/mnt/c overlay /mnt' \
		2>/dev/null || not_tested "namespaces or overlay mounts may not be made here"
}

# The mirror from which apt has the lists of a release, if any.
apt_mirror() {
	# shellcheck disable=SC2016 # apt expands it
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $1" 'Component: main' |
		head -n 1
}

# The proxy that apt uses, if any.
apt_proxy() {
	proxy=
	eval "$(apt-config shell proxy Acquire::http::Proxy)"
	echo "${proxy:-${http_proxy:-}}"
}

# The directories of our control group in the hierarchies that systemd uses, whatever their version.
control_groups() {
	awk -F: '$1 == 0 || $2 == "name=systemd" { print $2, $3 }' /proc/self/cgroup |
		while read -r hierarchy path; do
			[ -n "$path" ] || { path=$hierarchy hierarchy=; }
			case $hierarchy in
			name=systemd) mount=/sys/fs/cgroup/systemd ;;
			*) mount=/sys/fs/cgroup/unified && [ -d $mount ] || mount=/sys/fs/cgroup ;;
			esac
			[ ! -f "$mount$path/cgroup.procs" ] || echo "$mount${path%/}"
		done
}

# Into a control group of our own, below each of ours.
enter_control_group() {
	groups=$(control_groups)
	for group in $groups; do
		mkdir "$group/shmbroker-test.$$" && echo $$ >"$group/shmbroker-test.$$/cgroup.procs" ||
			return 1
	done
}

# And out of it. Those of earlier runs that were killed go too: a group in which something runs cannot be
# removed, and where the machine was killed its processes end one after the other.
# shellcheck disable=SC2317 # called by the trap
leave_control_group() {
	for group in $groups; do
		echo $$ >"$group/cgroup.procs"
		tries=100
		while [ $tries -gt 0 ]; do
			find "$group" -depth -path "$group/shmbroker-test.*" -type d -exec rmdir {} \; 2>/dev/null || :
			[ -d "$group/shmbroker-test.$$" ] || break
			tries=$((tries - 1))
			sleep 0.1
		done
	done
}

# shellcheck disable=SC2317 # called by the trap
leave_machine() {
	status=$?
	trap - EXIT
	[ -z "$machine" ] || kill -9 "$machine" 2>/dev/null || :
	wait
	leave_control_group
	exit "$status"
}

# in_machine COMMAND...: run it in namespaces and a control group of their own, with our standard input;
# its status is ours. Once in a script.
in_machine() {
	groups=
	machine=
	trap leave_machine EXIT
	trap 'exit 1' HUP INT TERM
	enter_control_group || exit 1
	# The end of this script, or of the first process of the namespace, is the end of all in it. In the
	# background, since a shell that waits for a command hears no signal.
	exec 3<&0
	setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child \
		--mount-proc "$@" <&3 &
	machine=$!
	machine_status=0
	wait $machine || machine_status=$?
	machine=
	return $machine_status
}

# mount_machine ROOT DIRECTORY: DIRECTORY/root is the root, and what is written there goes to memory.
# Within in_machine.
mount_machine() {
	mkdir -p "$2" /run/systemd/nspawn
	mount -t tmpfs -o mode=755 tmpfs "$2"
	mount -t tmpfs -o mode=755 tmpfs /run/systemd/nspawn
	mkdir "$2/upper" "$2/lower" "$2/root"
	mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/lower" overlay "$2/root"
}
