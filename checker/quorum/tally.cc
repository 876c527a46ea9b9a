#include "checker/quorum/tally.h"
