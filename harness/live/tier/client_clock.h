// Moves the clock of a client that waits.
//
// Helm's --timeout runs on the clock on the wall, the world on a virtual one. When the virtual deadline has come, the
// client's own clock is put past it, and it gives up as it would have after all that time: same message, same status.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>

namespace barnacle {

class ClientClock {
 public:
  explicit ClientClock(pid_t process) : process_(process) {}

  // Whether this machine's programs ask for the time in a way that can be changed under them.
  static bool can_be_moved();

  // From now on the client's clocks are so much later than they were. False where the kernel does not allow it. Only
  // the thread that started the client may ask.
  bool move(std::chrono::seconds ahead);

  // How long all its threads have waited for something, as far as one can tell who asks again and again: since the
  // first of the last calls between which none of them ran. One look at a thread after the other is not enough: on a
  // busy machine each may happen to sleep when its turn comes.
  std::chrono::milliseconds asleep_for();

 private:
  pid_t process_;
  std::chrono::seconds moved_{0};
  std::map<pid_t, std::string> asleep_;  // by thread: how often it has given up its processor
  std::chrono::steady_clock::time_point asleep_since_;
};

}  // namespace barnacle
