#include "checker/probe/schedule.h"
