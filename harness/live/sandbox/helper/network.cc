#include "harness/live/sandbox/helper/network.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "harness/live/sandbox/helper/system.h"
#include "harness/live/sandbox/wire.h"

namespace barnacle::helper {

namespace {

constexpr int kBacklog = 512;

int listen_on(int family, const void* address, socklen_t size, const char* what) {
  const int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  check(descriptor >= 0, what);
  check(bind(descriptor, static_cast<const sockaddr*>(address), size) == 0 && listen(descriptor, kBacklog) == 0, what);
  return descriptor;
}

}  // namespace

void bring_up_loopback() {
  const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  check(descriptor >= 0, "a socket for the loopback device");
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP;
  check(ioctl(descriptor, SIOCSIFFLAGS, &request) == 0, "bringing the loopback device up");
  close(descriptor);
}

int listen_for_api(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return listen_on(AF_INET, &address, sizeof address, "listening for the API server");
}

int listen_for_stand_ins() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, kStandInSocket.data(), kStandInSocket.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + kStandInSocket.size());
  return listen_on(AF_UNIX, &address, size, "listening for stand-ins");
}

}  // namespace barnacle::helper
