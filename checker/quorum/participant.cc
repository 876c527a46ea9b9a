#include "checker/quorum/participant.h"
