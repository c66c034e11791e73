#include "harness/cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "harness/report/words.h"

namespace barnacle {
namespace {

constexpr std::chrono::milliseconds kBetweenLines{200};

}  // namespace

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1), start_(Clock::now()), next_(start_) {}

void ProgressLine::show(const CampaignProgress& progress) {
  const Clock::time_point now = Clock::now();
  if (!terminal_ || now < next_) return;
  next_ = now + kBetweenLines;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(progress.steps) / seconds : 0;
  const std::string line =
      fmt::format("\r\x1b[K{:.0f} s  {}  {}  {} steps/s  {}", seconds, counted(progress.sequences, "sequence"), counted(progress.steps, "step"),
                  with_thousands(static_cast<std::uint64_t>(rate)), counted(progress.findings, "violated invariant"));
  (void)std::fwrite(line.data(), 1, line.size(), stderr);
  (void)std::fflush(stderr);
  shown_ = true;
}

void ProgressLine::clear() {
  if (!shown_) return;
  (void)std::fputs("\r\x1b[K", stderr);
  (void)std::fflush(stderr);
  shown_ = false;
}

}  // namespace barnacle
