// The target that does nothing: how fast libFuzzer itself is on this machine, for comparison.
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t*, std::size_t) { return 0; }
