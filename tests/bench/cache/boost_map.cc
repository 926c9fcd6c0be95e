/*
 * Nothing may be thrown through C.
 */
#include "cache/boost_map.h"

#include <boost/interprocess/allocators/allocator.hpp>
#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>
#include <boost/unordered_map.hpp>
#include <cstring>

namespace ipc = boost::interprocess;

namespace
{

const size_t MORE = 96; /* bytes of room for an entry beyond key and value */

struct map_key {
	unsigned char bytes[BOOST_MAP_KEY];

	bool operator==(const map_key &other) const
	{
		return std::memcmp(bytes, other.bytes, sizeof(bytes)) == 0;
	}
};

struct key_hash {
	size_t operator()(const map_key &key) const
	{
		size_t halves[2];

		std::memcpy(halves, key.bytes, sizeof(halves));
		return (halves[0] ^ (halves[1] << 32 | halves[1] >> 32)) * 0x9e3779b97f4a7c15;
	}
};

/* What C has. */
struct any_map {
	virtual ~any_map() = default;
	virtual bool get(const void *key, void *value, size_t size) = 0;
	virtual bool set(const void *key, const void *value, size_t size) = 0;
};

template <size_t SIZE> class sized_map : public any_map
{
	struct map_value {
		unsigned char bytes[SIZE];
	};
	using pair = std::pair<const map_key, map_value>;
	using allocator = ipc::allocator<pair, ipc::managed_shared_memory::segment_manager>;
	using table = boost::unordered_map<map_key, map_value, key_hash, std::equal_to<map_key>,
					   allocator>;
	using guard = ipc::scoped_lock<ipc::interprocess_mutex>;

	ipc::managed_shared_memory memory;
	ipc::interprocess_mutex *mutex;
	table *entries;

      public:
	sized_map(const char *name, size_t keys)
	    : memory(ipc::create_only, name, keys * (sizeof(pair) + MORE) + (1u << 20)),
	      mutex(memory.construct<ipc::interprocess_mutex>("mutex")()),
	      entries(memory.construct<table>("table")(keys, key_hash(), std::equal_to<map_key>(),
						       memory.get_segment_manager()))
	{
		ipc::shared_memory_object::remove(name);
	}

	bool get(const void *key, void *value, size_t size) override
	{
		map_key wanted;

		std::memcpy(wanted.bytes, key, sizeof(wanted.bytes));
		guard lock(*mutex);
		const auto found = entries->find(wanted);
		if (found == entries->end())
			return false;
		std::memcpy(value, found->second.bytes, size);
		return true;
	}

	bool set(const void *key, const void *value, size_t size) override
	{
		map_key wanted;

		std::memcpy(wanted.bytes, key, sizeof(wanted.bytes));
		guard lock(*mutex);
		std::memcpy((*entries)[wanted].bytes, value, size);
		return true;
	}
};

any_map *of(void *map)
{
	return static_cast<any_map *>(map);
}

} // namespace

void *boost_map_make(const char *name, size_t keys, size_t size)
{
	try {
		if (size <= BOOST_MAP_LITTLE)
			return static_cast<any_map *>(new sized_map<BOOST_MAP_LITTLE>(name, keys));
		if (size <= BOOST_MAP_LARGE)
			return static_cast<any_map *>(new sized_map<BOOST_MAP_LARGE>(name, keys));
		return nullptr;
	} catch (...) {
		ipc::shared_memory_object::remove(name);
		return nullptr;
	}
}

void boost_map_end(void *map)
{
	delete of(map);
}

bool boost_map_get(void *map, const void *key, void *value, size_t size)
{
	try {
		return of(map)->get(key, value, size);
	} catch (...) {
		return false;
	}
}

bool boost_map_set(void *map, const void *key, const void *value, size_t size)
{
	try {
		return of(map)->set(key, value, size);
	} catch (...) {
		return false;
	}
}
