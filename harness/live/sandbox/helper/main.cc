// barnacle-sandbox: started by Sandbox::start with the descriptors that wire.h names; of no use by hand.
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <vector>

#include "harness/live/sandbox/helper/supervisor.h"
#include "harness/live/sandbox/helper/system.h"
#include "harness/live/sandbox/spec_bytes.h"
#include "harness/live/sandbox/wire.h"

namespace {

std::vector<std::uint8_t> read_all(int descriptor) {
  std::vector<std::uint8_t> bytes;
  std::uint8_t buffer[65536];
  for (ssize_t size = 0; (size = read(descriptor, buffer, sizeof buffer)) > 0;) {
    bytes.insert(bytes.end(), buffer, buffer + size);
  }
  return bytes;
}

}  // namespace

int main() {
  using namespace barnacle;
  syscall(SYS_close_range, kFirstUnused, ~0U, 0);
  helper::report_failures_to(kControlSocket);
  try {
    const SandboxSpec spec = read_spec(read_all(kSpecFile));
    close(kSpecFile);
    helper::supervise(spec);
  } catch (const std::exception& error) {
    helper::fail_with_line(error.what());
  }
}
