#include <zkcluster/manager.h>
