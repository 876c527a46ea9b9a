#include "model/routing_table.h"
