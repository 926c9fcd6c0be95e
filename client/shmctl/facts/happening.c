#include "happening.h"

#include "wire/vocabulary.h"

const char *happening_word(const struct happening *happening)
{
	switch (happening->event.type) {
	case SHMB_EVENT_OVERFLOW:
		return "missed";
	case SHMB_EVENT_DISCONNECTED:
		return "disconnected";
	case SHMB_EVENT_RECONNECTED:
		return "reconnected";
	default:
		return wire_news_text(happening->event.news);
	}
}
