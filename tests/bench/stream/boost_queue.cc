/*
 * Nothing may be thrown through C.
 */
#include "stream/boost_queue.h"

#include <boost/interprocess/ipc/message_queue.hpp>
#include <new>

using boost::interprocess::create_only;
using boost::interprocess::message_queue;

static message_queue *of(void *queue)
{
	return static_cast<message_queue *>(queue);
}

void *boost_queue_make(const char *name, size_t messages, size_t size)
{
	try {
		message_queue *queue = new message_queue(create_only, name, messages, size);

		message_queue::remove(name);
		return queue;
	} catch (...) {
		return nullptr;
	}
}

void boost_queue_end(void *queue)
{
	delete of(queue);
}

bool boost_queue_send(void *queue, const void *bytes, size_t size)
{
	try {
		of(queue)->send(bytes, size, 0);
		return true;
	} catch (...) {
		return false;
	}
}

bool boost_queue_take(void *queue, void *bytes, size_t size)
{
	message_queue::size_type got;
	unsigned priority;

	try {
		of(queue)->receive(bytes, size, got, priority);
		return got == size;
	} catch (...) {
		return false;
	}
}

bool boost_queue_try_send(void *queue, const void *bytes, size_t size)
{
	try {
		return of(queue)->try_send(bytes, size, 0);
	} catch (...) {
		return false;
	}
}

bool boost_queue_try_take(void *queue, void *bytes, size_t size)
{
	message_queue::size_type got;
	unsigned priority;

	try {
		return of(queue)->try_receive(bytes, size, got, priority) && got == size;
	} catch (...) {
		return false;
	}
}
