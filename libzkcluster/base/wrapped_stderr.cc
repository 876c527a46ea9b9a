// Only part of the shared library. Debian's libevent archives are compiled for executables: they
// reach `stderr` at a fixed distance, which a shared library must not. The linker turns each
// `stderr` of this library into the variable below (--wrap=stderr), which is inside of it.
#include <cstdio>

extern "C" {
extern FILE* __real_stderr;                                           // NOLINT: the linker's name
__attribute__((visibility("hidden"))) FILE* __wrap_stderr = nullptr;  // NOLINT: the linker's name
}

namespace {

// Before every other initializer of the library.
__attribute__((constructor(101))) void TakeStderr() {
  __wrap_stderr = __real_stderr;
}

}  // namespace
