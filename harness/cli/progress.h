// The live line of long work, on standard error and only where that is a terminal.
#pragma once

#include <chrono>
#include <string>

#include "harness/engine/campaign.h"

namespace barnacle {

class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const CampaignProgress& progress);
  // The same with other words after the seconds.
  void show(const std::string& words);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool due();
  void draw(const std::string& words);

  bool terminal_;
  bool shown_ = false;
  Clock::time_point start_;
  Clock::time_point next_;
};

}  // namespace barnacle
