// Moves the clock of a client that waits.
//
// Helm's --timeout runs on the clock on the wall, the world on a virtual one. When the virtual deadline has come, the
// client's own clock is put past it, and it gives up as it would have after all that time: same message, same status.
#pragma once

#include <sys/types.h>

#include <chrono>
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

  // All its threads wait for something.
  bool idle() const;

 private:
  pid_t process_;
  std::chrono::seconds moved_{0};
};

}  // namespace barnacle
