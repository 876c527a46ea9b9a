#include "yaml/spec_file.h"
