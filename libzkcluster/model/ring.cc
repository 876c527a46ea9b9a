#include <zkcluster/ring.h>
