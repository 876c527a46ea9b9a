#include "client/status_watcher.h"
