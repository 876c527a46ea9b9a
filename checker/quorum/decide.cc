#include "checker/quorum/decide.h"
