#include "model/paths.h"
