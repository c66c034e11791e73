#include "harness/cli/interrupt.h"

#include <csignal>

namespace barnacle {
namespace {

std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

void note_signal(int) { stop = true; }

}  // namespace

void catch_interrupts() {
  struct sigaction action{};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  // Also where a script that put us into the background had it ignored: whoever sends it wants a report.
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

const std::atomic<bool>& interrupted() { return stop; }

}  // namespace barnacle
