// A time that is kept: real time, for the length of a run, never for its results.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

namespace barnacle {

class TimeBudget {
 public:
  using Clock = std::chrono::steady_clock;

  // Begins now; without seconds it never ends.
  explicit TimeBudget(std::optional<double> seconds = std::nullopt) : start_(Clock::now()), seconds_(seconds) {}

  bool limited() const { return seconds_.has_value(); }
  // Precondition: limited.
  double seconds() const { return *seconds_; }
  double passed() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  bool is_over() const { return limited() && passed() >= *seconds_; }

 private:
  Clock::time_point start_;
  std::optional<double> seconds_;
};

// A flag that is raised after some seconds (none: never), or when another flag is.
class RaisedAfter {
 public:
  RaisedAfter(std::optional<double> seconds, const std::atomic<bool>& other)
      : raised_(other.load()), thread_([this, budget = TimeBudget(seconds), &other](const std::stop_token& end) {
          while (!end.stop_requested() && !raised_) {
            if (other || budget.is_over()) raised_ = true;
            else std::this_thread::sleep_for(std::chrono::milliseconds(5));
          }
        }) {}

  const std::atomic<bool>& flag() const { return raised_; }

 private:
  std::atomic<bool> raised_;
  std::jthread thread_;  // last: it uses the flag
};

}  // namespace barnacle
