#include "checker/probe/shard_health.h"
