#include "zk/watcher.h"
