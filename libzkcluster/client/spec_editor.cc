#include "client/spec_editor.h"
