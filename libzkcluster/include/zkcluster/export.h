// Marks what the shared library exports. Everything else is built with hidden visibility, so the
// symbols a program can link against are exactly those declared in this folder with ZKC_EXPORT.
#pragma once

#define ZKC_EXPORT __attribute__((visibility("default")))
// For what is nested in an exported class and yet nobody else's business.
#define ZKC_LOCAL __attribute__((visibility("hidden")))
