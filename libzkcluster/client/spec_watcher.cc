#include "client/spec_watcher.h"
