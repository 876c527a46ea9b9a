#include "model/board.h"
