#include "checker/quorum/contender.h"
