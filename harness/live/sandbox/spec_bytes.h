// A SandboxSpec on its way to the helper, as CBOR (JSON's data model; arguments need not be UTF-8).
#pragma once

#include <cstdint>
#include <vector>

#include "harness/live/sandbox/sandbox.h"

namespace barnacle {

std::vector<std::uint8_t> write_spec(const SandboxSpec& spec);

// Of bytes that write_spec made; throws nlohmann's exceptions for others.
SandboxSpec read_spec(const std::vector<std::uint8_t>& bytes);

}  // namespace barnacle
