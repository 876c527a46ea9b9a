#include "zk/native_client.h"
