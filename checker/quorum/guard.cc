#include "checker/quorum/guard.h"
