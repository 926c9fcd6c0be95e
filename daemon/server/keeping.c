/*
 * The service manager takes in its messages one by one, so it may be busy; that its store is full
 * does not change by waiting.
 */
#include "server/keeping.h"

#include <errno.h>

#include "server/dispatch.h"
#include "server/postponed.h"

bool keeping_failed(int r)
{
	return r == -EIO || r == -EXFULL || r == -EAGAIN;
}

int keeping_refuse(struct call *call, const char *name, int r, uint32_t wait_ms)
{
	if (r == -EAGAIN && postponed_may(call, wait_ms))
		return CALL_POSTPONED;
	if (r == -EAGAIN)
		return call_refuse(
			call, r,
			"\"%s\" would not outlive the broker: the service manager has been "
			"too busy to take its descriptor; ask again",
			name);
	if (r == -EXFULL)
		return call_refuse(
			call, -ENOSPC,
			"\"%s\" would not outlive the broker: the service manager keeps no "
			"more descriptors; remove some memfd or FIFO, take sysv, or raise "
			"FileDescriptorStoreMax= together with --store-max",
			name);
	return call_refuse(call, r,
			   "\"%s\" stays as it was: the broker cannot write down what it would be, "
			   "which would be lost with the broker; make room where its runtime "
			   "directory is (its log has the reason)",
			   name);
}

int keeping_refuse_lock(struct call *call)
{
	return call_refuse(call, -EAGAIN,
			   "the broker cannot write down that this client may have locks, which "
			   "would be taken from it when the broker is started again; make room "
			   "where its runtime directory is (its log has the reason)");
}
