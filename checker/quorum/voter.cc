#include "checker/quorum/voter.h"
