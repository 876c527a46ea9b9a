#include "checker/probe/redis_prober.h"
