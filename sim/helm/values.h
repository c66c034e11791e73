// Coalesced values, remembered.
#pragma once

#include <cstddef>
#include <memory>

#include "sim/helm/helm.h"

namespace barnacle {

// The table is emptied when it holds more.
inline constexpr std::size_t kRememberedValues = 4096;

// The chart's defaults with the user's values over them.
std::shared_ptr<const Values> coalesced_values(const Chart& chart, const UserValues& config);

}  // namespace barnacle
