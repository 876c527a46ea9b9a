#include "checker/probe/probe_pool.h"
