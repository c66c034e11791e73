// Ctrl-C: the first one asks for an early end, the second one kills.
#pragma once

#include <atomic>

namespace barnacle {

// From now on SIGINT and SIGTERM set what interrupted() returns, once; after that they do what they always do.
void catch_interrupts();
const std::atomic<bool>& interrupted();

}  // namespace barnacle
