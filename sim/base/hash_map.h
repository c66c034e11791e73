// Tables that are asked far more often than they grow: open addressing, so that a look-up touches one place in memory
// where std::unordered_map touches three. An insertion moves what is in the table: keep no reference into it over one.
// Nothing is read off their order.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>

#include "sim/base/hash.h"

namespace barnacle {

template <class Value>
using HashMap = tsl::robin_map<Hash128, Value, Hash128Hash>;

// Addresses of what stays where it is: the low bits of all are alike.
struct AddressHash {
  std::size_t operator()(const void* address) const {
    return static_cast<std::size_t>((reinterpret_cast<std::uintptr_t>(address) * 0x9e3779b97f4a7c15ULL) >> 20U);
  }
};

template <class Thing, class Value>
using AddressMap = tsl::robin_map<const Thing*, Value, AddressHash>;

}  // namespace barnacle
