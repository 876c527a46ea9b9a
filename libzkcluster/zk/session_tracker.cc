#include "zk/session_tracker.h"
