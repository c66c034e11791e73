// The same work for many things, on a few threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace barnacle {

// Calls `work(i)` for i from 0 to count-1, each once, in any order, until `stop`. The first exception ends it, and is
// thrown here.
template <class Work>
void on_threads(int jobs, std::size_t count, const std::atomic<bool>& stop, const Work& work) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr error;
  {
    std::vector<std::jthread> threads;
    for (int job = 0; job < jobs; ++job) {
      threads.emplace_back([&] {
        try {
          for (std::size_t i = next++; i < count && !stop; i = next++) work(i);
        } catch (...) {
          const std::scoped_lock lock(mutex);
          if (!error) error = std::current_exception();
          next = count;
        }
      });
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace barnacle
