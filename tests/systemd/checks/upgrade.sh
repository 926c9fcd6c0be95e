#!/bin/sh
# A newer version is installed while clients work: the broker is replaced in one go, nobody is
# refused meanwhile, and what the administrator decided stays decided.
set -eu
# shellcheck source=SCRIPTDIR/../check.sh
. "$(dirname "$0")/../check.sh"
need_broker
packages=$SHMB_MACHINE_ROOT/packages
newer=$packages/newer

# The same packages under a higher version, and nothing else: what changes in them is not the matter.
make_newer() {
	mkdir -p "$newer"
	for package in "$packages"/*.deb; do
		dpkg-deb -R "$package" "$newer/tree"
		version=$(dpkg-deb -f "$package" Version)
		sed -i "s/$version/$version+newer/" "$newer/tree/DEBIAN/control"
		dpkg-deb -b --root-owner-group "$newer/tree" "$newer" >/dev/null
		rm -r "$newer/tree"
	done
}

# How long each request of a series took at most, and how many were refused: in these files.
ask_all_the_time() {
	# shellcheck disable=SC2016 # expanded in there
	enter systemd-run --quiet --collect --unit asking --uid bob --property Type=exec \
		sh -c 'while [ ! -e /packages/enough ]; do
			timeout 20 shmctl status >/dev/null 2>>/tmp/refusals || echo refused >>/tmp/refusals
			echo served >>/tmp/requests
		done'
}

# And everything that is done once and not repeated.
change_all_the_time() {
	# shellcheck disable=SC2016 # expanded in there
	enter systemd-run --quiet --collect --unit changing --uid bob --property Type=exec \
		sh -c 'while [ ! -e /packages/enough ]; do
			for change in "create upgrade/work 4K" "replace upgrade/work" "remove upgrade/work"; do
				timeout 20 shmctl $change >/dev/null 2>>/tmp/refusals || echo "$change" >>/tmp/refusals
			done
			echo changed >>/tmp/requests
		done'
}

echo "- an upgrade while clients work"
make_newer
echo '# of the administrator' | enter tee -a /etc/shmbroker/shmbrokerd.conf >/dev/null
pid=$(property MainPID)
listener=$(enter stat -c %i /run/shmbroker/socket)
stops=$(enter journalctl --no-pager --unit shmbrokerd.service --grep 'Stopped' | wc -l)
enter systemd-run --quiet --collect --unit holder --uid alice --property Type=exec \
	sh -c 'sleep infinity | /packages/wordcount --hold /etc/passwd'
for backing in sysv memfd; do
	as alice shmctl create "upgrade/$backing" 64K --mode 0660 --backing $backing >/dev/null
	enter head -c 65536 /dev/urandom |
		as alice sh -c "cat >/tmp/bytes && shmctl load upgrade/$backing /tmp/bytes" >/dev/null
done
bytes() {
	for backing in sysv memfd; do
		as alice shmctl dump upgrade/$backing | cksum
	done
}
before=$(bytes)
ask_all_the_time
change_all_the_time
install_packages /packages/newer
enter dpkg-query -W shmbrokerd | grep -q '+newer$' || fail "it was not upgraded"

echo "- the broker was replaced once, its socket never"
is_property MainPID "$pid" && fail "the old broker still runs"
wants_property ActiveState active
[ "$(enter journalctl --no-pager --unit shmbrokerd.service --grep 'Stopped' | wc -l)" = $((stops + 1)) ] ||
	fail "it was not stopped exactly once"
[ "$(enter stat -c %i /run/shmbroker/socket)" = "$listener" ] || fail "the socket is another one"

echo "- nobody was refused, and who was there is there"
asked() {
	[ "$(enter cat /tmp/requests | wc -l)" -gt 20 ]
}
eventually asked || fail "too few requests to show anything"
enter touch /packages/enough
has_asked() {
	! is_property ActiveState active asking.service && ! is_property ActiveState active changing.service
}
eventually has_asked || fail "a request does not end"
enter test ! -s /tmp/refusals || fail "refused: $(enter sort /tmp/refusals | uniq -c)"
echo "  ($(enter cat /tmp/requests | wc -l) requests)"
wants_property ActiveState active holder.service
enter systemctl stop holder.service

echo "- and so is what they had"
[ "$(bytes)" = "$before" ] || fail "segments have other bytes"
as alice shmctl remove upgrade/sysv upgrade/memfd >/dev/null

echo "- what the administrator decided stays decided"
enter tail -n 1 /etc/shmbroker/shmbrokerd.conf | grep -q '^# of the administrator$' ||
	fail "the administrator's configuration was replaced"

enter systemctl --quiet disable --now shmbrokerd.socket
enter sh -c 'apt-get install -y -q --allow-downgrades /packages/shmbrokerd_*.deb \
	/packages/shmctl_*.deb /packages/libshmbroker*.deb' >"$packages/log" 2>&1 || fail "$(cat "$packages/log")"
wants_property UnitFileState disabled shmbrokerd.socket
wants_property ActiveState inactive shmbrokerd.socket
enter systemctl --quiet enable --now shmbrokerd.socket

conclude
