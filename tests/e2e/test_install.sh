#!/bin/sh
# What is installed is what a program needs: headers that stand by themselves in C and C++, a library
# that needs libc alone and exports shmb_ names alone, and package files by which pkg-config and
# CMake find them. Everything goes to a staging directory.
#
#   sh tests/e2e/test_install.sh SOURCE-DIRECTORY BUILD-DIRECTORY CC CXX
set -eu
source=$1
build=$2
cc=$3
cxx=$4

# shellcheck source=SCRIPTDIR/../support/broker.sh
. "$(dirname "$0")/../support/broker.sh"

echo "- everything installs into a staging directory"
DESTDIR=$work/stage cmake --install "$build" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:[A-Z]*=//p' "$build/CMakeCache.txt")
root=$work/stage$prefix
found() {
	result=$(find "$root" -path "$root/$1")
	[ -n "$result" ] || fail "$1 is not installed"
	printf '%s' "$result"
}
so=$(found 'lib*/libshmbroker.so.0.*')
archive=$(found 'lib*/libshmbroker.a')
daemon=$(found 'sbin/shmbrokerd')
shmctl=$(found 'bin/shmctl')
pc=$(found 'lib*/pkgconfig/shmbroker.pc')
etc=$(found 'etc/shmbroker')
for file in system/shmbrokerd.socket system/shmbrokerd.service user/shmbrokerd.socket \
	user/shmbrokerd.service; do
	grep -e '@[a-z_]*@' "$(found "lib/systemd/$file")" && fail "$file is not configured"
done
grep -q "^ExecStart=$prefix/sbin/shmbrokerd .*--config $prefix/etc/shmbroker/shmbrokerd.conf" \
	"$root/lib/systemd/system/shmbrokerd.service" || fail "the service starts something else"
found lib/sysusers.d/shmbrokerd.conf >/dev/null
found lib/tmpfiles.d/shmbrokerd.conf >/dev/null
for file in shmbrokerd.conf conf.d objects.d; do
	[ -e "$etc/$file" ] || fail "$etc/$file is not installed"
done
bash -n "$(found share/bash-completion/completions/shmctl)" || fail "the completion for bash is none"
found 'share/zsh/*/_shmctl' >/dev/null
if command -v scdoc >/dev/null; then
	for page in man1/shmctl.1 man5/shmbrokerd.conf.5 man7/shmbroker.7 man8/shmbrokerd.8; do
		gzip -t "$(found "share/man/$page.gz")" || fail "$page is damaged"
	done
fi
for header in "$source"/client/include/shmbroker/*.h; do
	found "include/shmbroker/${header##*/}" >/dev/null
done
# Where scdoc is installed: each function has a page by its own name.
if [ -f "$build/docs/man/libshmbroker.3.gz" ]; then
	sed -n 's/^\t\(shmb_.*\);$/\1/p' "$source/client/libshmbroker.map" >"$work/functions"
	while IFS= read -r function; do
		page=$(found "share/man/man3/$function.3.gz")
		gzip -t "$page" || fail "$page leads nowhere"
	done <"$work/functions"
else
	echo "NOT TESTED: the manual pages, since scdoc is not installed"
fi
conclude

echo "- the library needs libc alone and exports shmb_ names alone"
# The loader is a part of libc; it serves the thread-local error text.
needed=$(readelf -dW "$so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v '^ld-linux')
[ "$needed" = libc.so.6 ] || fail "the library needs: $needed"
readelf -dW "$so" | grep -q '(SONAME).*\[libshmbroker.so.0\]' || fail "its soname is not libshmbroker.so.0"
nm -D --defined-only "$so" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort >"$work/exported"
grep -v '^shmb_' "$work/exported" >"$work/foreign" && fail "it exports: $(cat "$work/foreign")"
grep -q '^shmb_connect$' "$work/exported" || fail "it does not export shmb_connect"
for file in "$so" "$daemon" "$shmctl"; do
	readelf -dW "$file" | grep -E '\((RPATH|RUNPATH)\)' && fail "$file has a run path"
	ldd "$file" | grep 'not found' | grep -v libshmbroker && fail "$file needs what is not there"
	readelf -lW "$file" | grep -q 'GNU_STACK.* RW ' || fail "$file has an executable stack"
done

echo "- every public header stands by itself, in C11 and in C++"
for header in "$root"/include/shmbroker/*.h; do
	name=shmbroker/${header##*/}
	printf '#include <%s>\n#include <%s>\nint main(void) { return 0; }\n' "$name" "$name" \
		>"$work/header.c"
	"$cc" -std=c11 -pedantic -Wall -Wextra -Werror -I"$root/include" -fsyntax-only "$work/header.c" ||
		fail "$name in C11"
	"$cxx" -x c++ -std=c++17 -pedantic -Wall -Wextra -Werror -I"$root/include" -fsyntax-only \
		"$work/header.c" || fail "$name in C++"
done

echo "- a program in C and one in C++, built through pkg-config and through CMake, do their work"
mkdir "$work/consumer"
cat >"$work/consumer/consumer.c" <<'END'
#include <shmbroker/shmbroker.h>

#include <stdio.h>
#include <string.h>

SHMB_SHARED int visits = 3;

int main(int argc, char **argv)
{
	struct shmb_segment_options options;
	struct shmb_connection *broker;
	struct shmb_segment *segment;
	int outcome;

	memset(&options, 0, sizeof(options));
	options.size = 4096;
	options.flags = SHMB_CREATE;
	if (argc != 2 || shmb_connect(NULL, &broker) < 0 ||
	    (outcome = shmb_segment_open(broker, argv[1], &options, &segment)) < 0 ||
	    shmb_vars_attach(broker, "consumer", "1", NULL) < 0 || visits != 3) {
		fprintf(stderr, "%s\n", shmb_last_error());
		return 1;
	}
	if (outcome == SHMB_INITIALISE) {
		strcpy((char *)shmb_segment_data(segment), "initialised");
		if (shmb_segment_ready(segment) < 0)
			return 1;
	}
	puts((const char *)shmb_segment_data(segment));
	shmb_segment_detach(segment);
	shmb_disconnect(broker);
	return 0;
}
END
cp "$work/consumer/consumer.c" "$work/consumer/consumer.cc"
cat >"$work/consumer/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(consumer C CXX)
find_package(shmbroker 0.1 REQUIRED)
foreach(language c cc)
  add_executable(cmake-${language} consumer.${language})
  target_link_libraries(cmake-${language} shmbroker::shmbroker)
endforeach()
END
export PKG_CONFIG_SYSROOT_DIR="$work/stage" PKG_CONFIG_LIBDIR="${pc%/*}"
flags=$(pkg-config --cflags --libs shmbroker)
# shellcheck disable=SC2086 # a list of flags
{
	"$cc" -Wall -Wextra -Werror "$work/consumer/consumer.c" -o "$work/pkg-c" $flags ||
		fail "pkg-config, C"
	"$cxx" -Wall -Wextra -Werror "$work/consumer/consumer.cc" -o "$work/pkg-cc" $flags ||
		fail "pkg-config, C++"
	# shellcheck disable=SC2016 # these are Markdown's
	sed -n '/^```c$/,/^```$/p' "$source/README.md" | sed '/^```/d' >"$work/readme.c"
	"$cc" -Wall -Wextra -Werror "$work/readme.c" -o "$work/readme" $flags || fail "the README's program"
	"$cc" -I"$root/include" "$work/consumer/consumer.c" -o "$work/static-c" "$archive" ||
		fail "the static library alone"
}
unset PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR
if CC=$cc CXX=$cxx cmake -G Ninja -S "$work/consumer" -B "$work/consumer/build" \
	-DCMAKE_PREFIX_PATH="$root" >"$work/log" 2>&1 &&
	cmake --build "$work/consumer/build" >>"$work/log" 2>&1; then
	cp "$work/consumer/build/cmake-c" "$work/consumer/build/cmake-cc" "$work"
else
	fail "find_package: $(cat "$work/log")"
fi
if CC=$cc CXX=$cxx cmake -G Ninja -S "$source/docs/examples" -B "$work/examples" \
	-DCMAKE_PREFIX_PATH="$root" >"$work/log" 2>&1 &&
	cmake --build "$work/examples" >>"$work/log" 2>&1; then
	:
else
	fail "the examples against the installed library: $(cat "$work/log")"
fi
conclude

LD_LIBRARY_PATH=${so%/*}
export LD_LIBRARY_PATH
start_broker
for program in pkg-c pkg-cc static-c cmake-c cmake-cc; do
	[ "$("$work/$program" "consumer/$program")" = initialised ] || fail "$program does not do its work"
done
[ "$("$work/examples/memcached_hits" visit page)" = "page: 1" ] ||
	fail "the header in the place of libmemcached's does not do its work"
"$shmctl" remove memcached >/dev/null || fail "the cache of memcached.h is not there"
"$work/readme" || fail "the README's program does not do its work"
ldd "$work/static-c" | grep -q libshmbroker && fail "static-c needs the shared library"

conclude
