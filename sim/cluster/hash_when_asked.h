// The hash of a value that is often replaced before anybody asks for it: worked out at the first question, then kept.
#pragma once

#include <atomic>
#include <cstdint>

#include "sim/base/hash.h"

namespace barnacle {

// Copies know what is known. Threads may ask at one time: they work out the same.
class HashWhenAsked {
 public:
  HashWhenAsked() = default;
  HashWhenAsked(const HashWhenAsked& other) { *this = other; }
  HashWhenAsked& operator=(const HashWhenAsked& other) {
    const std::uint64_t high = other.high_.load(std::memory_order_acquire);
    low_.store(other.low_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    high_.store(high, std::memory_order_release);
    return *this;
  }

  void forget() { high_.store(0, std::memory_order_relaxed); }

  template <class Work>
  Hash128 ask(const Work& work) const {
    const std::uint64_t high = high_.load(std::memory_order_acquire);
    if (high != 0) return {low_.load(std::memory_order_relaxed), high};
    const Hash128 hash = work();
    low_.store(hash.low, std::memory_order_relaxed);
    high_.store(hash.high, std::memory_order_release);
    return hash;
  }

 private:
  mutable std::atomic<std::uint64_t> low_ = 0;
  mutable std::atomic<std::uint64_t> high_ = 0;  // 0: not known
};

}  // namespace barnacle
