#!/bin/sh
# Objects that the administrator declares, and with two thousand of them what the service manager
# has to do for each descriptor that it keeps.
set -eu
# shellcheck source=SCRIPTDIR/../check.sh
. "$(dirname "$0")/../check.sh"
need_broker
objects=/etc/shmbroker/objects.d
many=2000

# A reload is asked for by a signal, and over some time later.
has_size() {
	[ "$(as alice shmctl --json show check/memory | jq .size)" = "$1" ]
}
journal_tells_of_it() {
	enter journalctl --no-pager --lines 20 --unit shmbrokerd.service |
		grep -q 'check/memory.*it has 65536 bytes and not 131072'
}

echo "- they are there after a reload, for whom they are declared"
enter tee $objects/check.conf >/dev/null <<-'END'
	[Object check/memory]
	Size=64K
	Owner=alice
	Mode=0600
	Acl=u:bob:r
	[Object check/pipe]
	Kind=fifo
	Mode=0666
END
enter systemctl reload shmbrokerd.service
eventually has_size 65536 || fail "it is not there"
says 'alice' as alice shmctl show check/memory
as bob shmctl dump check/memory >/dev/null || fail "bob may not read"
enter test -p /run/shmbroker/fifo/check:pipe || fail "there is no FIFO"

echo "- a difference is in the journal, and nothing is forced"
enter sed -i 's/64K/128K/' $objects/check.conf
enter systemctl reload shmbrokerd.service
eventually journal_tells_of_it || fail "the journal does not tell of it"
has_size 65536 || fail "it was forced"
enter shmctl remove check/memory >/dev/null
enter systemctl reload shmbrokerd.service
eventually has_size 131072 || fail "it was not made anew"

echo "- a fault costs one object, also at a start"
printf '[Object check/faulty]\nSize=1\nOwner=no-such\n' | enter tee $objects/faulty.conf >/dev/null
enter systemctl restart shmbrokerd.service
serves >/dev/null || fail "it does not serve"
says 'faulty.conf:3: Owner=no-such names a user who does not exist' \
	enter journalctl --no-pager --lines 20 --unit shmbrokerd.service
as alice shmctl show check/memory >/dev/null || fail "the others are not there"
enter rm $objects/faulty.conf $objects/check.conf

# Nanoseconds that the manager has spent on a processor.
manager_ns() {
	cut -d ' ' -f 1 "/proc/$SHMB_MACHINE_LEADER/schedstat"
}

# cost N WHAT COMMAND...: what the manager does meanwhile, for each of N descriptors, until $stored
# are in its store.
cost() {
	n=$1 what=$2 since=$(manager_ns)
	shift 2
	"$@" || fail "$what: $* failed"
	eventually is_property NFileDescriptorStore "$stored" ||
		fail "$what: $(property NFileDescriptorStore) descriptors are stored, not $stored"
	echo "-> $what: the manager took $((($(manager_ns) - since) / n / 1000)) us each"
}

declare_many() {
	for i in $(seq 1 "$1"); do
		printf '[Object check/many/%d]\nSize=4K\nBacking=memfd\n' "$i"
	done | enter tee $objects/many.conf >/dev/null
	stored=$((none + $1))
}

# The last first, as the manager looks through them.
remove_many() {
	enter sh -c "seq $many -1 1 | sed 's,^,check/many/,' | xargs -n 100 shmctl remove >/dev/null"
}

echo "- many memfds in the store, which the manager compares with each other"
none=$(property NFileDescriptorStore)
stored=$none
cost 1 "a reload in which nothing is stored" enter systemctl reload shmbrokerd.service
declare_many 100
cost 100 "the first 100 stored" enter systemctl reload shmbrokerd.service
declare_many $many
cost $((many - 100)) "those up to $many stored" enter systemctl reload shmbrokerd.service
cost $many "given back, and taken over by the next broker" enter systemctl restart shmbrokerd.service
serves >/dev/null || fail "it does not serve"
enter rm $objects/many.conf
stored=$none
cost $many "removed" remove_many
enter shmctl remove check/memory check/pipe >/dev/null

conclude
