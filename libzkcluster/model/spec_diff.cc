#include "model/spec_diff.h"
