#include <zkcluster/spec.h>
