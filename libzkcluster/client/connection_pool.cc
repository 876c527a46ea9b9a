#include <zkcluster/cluster.h>
