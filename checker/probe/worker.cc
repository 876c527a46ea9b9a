#include "checker/probe/worker.h"
