#include "checker/quorum/standing.h"
