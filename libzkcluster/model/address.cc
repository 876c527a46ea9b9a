#include "model/address.h"
