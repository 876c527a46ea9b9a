// Marks what the shared library exports, and checks what the headers need of a compiler: every
// header of this folder includes this one. Everything else is built with hidden visibility, so the
// symbols a program can link against are exactly those declared in this folder with ZKC_EXPORT.
#pragma once

#if !defined(__cplusplus) || __cplusplus < 202002L
#error "libzkcluster requires C++20: compile with -std=c++20 or later"
#endif

#define ZKC_EXPORT __attribute__((visibility("default")))
// For an internal type nested in an exported class.
#define ZKC_LOCAL __attribute__((visibility("hidden")))
