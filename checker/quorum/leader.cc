#include "checker/quorum/leader.h"
