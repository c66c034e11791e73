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

bool ProgressLine::due() {
  const Clock::time_point now = Clock::now();
  if (!terminal_ || now < next_) return false;
  next_ = now + kBetweenLines;
  return true;
}

void ProgressLine::draw(const std::string& words) {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const std::string line = fmt::format("\r\x1b[K{:.0f} s  {}", seconds, words);
  (void)std::fwrite(line.data(), 1, line.size(), stderr);
  (void)std::fflush(stderr);
  shown_ = true;
}

void ProgressLine::show(const CampaignProgress& progress) {
  if (!due()) return;
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(progress.steps) / seconds : 0;
  draw(fmt::format("{}  {}  {} steps/s  {}", counted(progress.sequences, "sequence"), counted(progress.steps, "step"),
                   with_thousands(static_cast<std::uint64_t>(rate)), counted(progress.findings, "violated invariant")));
}

void ProgressLine::show(const std::string& words) {
  if (due()) draw(words);
}

void ProgressLine::clear() {
  if (!shown_) return;
  (void)std::fputs("\r\x1b[K", stderr);
  (void)std::fflush(stderr);
  shown_ = false;
}

}  // namespace barnacle
