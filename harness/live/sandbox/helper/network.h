// The sandbox's own network namespace: a loopback device and two listeners, accepted on by the driver outside.
#pragma once

#include <cstdint>

namespace barnacle::helper {

void bring_up_loopback();
int listen_for_api(std::uint16_t port);  // TCP, 127.0.0.1
int listen_for_stand_ins();              // abstract unix socket

}  // namespace barnacle::helper
