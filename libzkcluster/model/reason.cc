#include "model/reason.h"
