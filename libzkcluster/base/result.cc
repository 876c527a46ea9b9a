#include <zkcluster/result.h>
