#include "base/event_loop.h"
