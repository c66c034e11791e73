#include "harness/live/sandbox/wire.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace barnacle {

namespace {

constexpr std::size_t kMaxDescriptors = 8;
constexpr std::size_t kMaxText = 16384;

}  // namespace

bool send_message(int socket, const Message& message) {
  std::string bytes(1, static_cast<char>(message.kind));
  bytes += message.text.substr(0, kMaxText - 1);
  iovec part{bytes.data(), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> space{};
  const std::size_t count = std::min(message.descriptors.size(), kMaxDescriptors);
  if (count > 0) {
    header.msg_control = space.data();
    header.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(count * sizeof(int));
    std::memcpy(CMSG_DATA(rights), message.descriptors.data(), count * sizeof(int));
  }
  ssize_t sent = 0;
  do {
    sent = sendmsg(socket, &header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

Received receive_message(int socket) {
  std::string bytes(kMaxText, '\0');
  iovec part{bytes.data(), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> space{};
  header.msg_control = space.data();
  header.msg_controllen = space.size();
  ssize_t size = 0;
  do {
    size = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return {.message = std::nullopt, .closed = errno != EAGAIN && errno != EWOULDBLOCK};
  if (size == 0) return {.message = std::nullopt, .closed = true};
  Message message;
  message.kind = static_cast<MessageKind>(bytes[0]);
  message.text = bytes.substr(1, static_cast<std::size_t>(size) - 1);
  for (cmsghdr* part_header = CMSG_FIRSTHDR(&header); part_header != nullptr;
       part_header = CMSG_NXTHDR(&header, part_header)) {
    if (part_header->cmsg_level != SOL_SOCKET || part_header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part_header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    message.descriptors.resize(count);
    std::memcpy(message.descriptors.data(), CMSG_DATA(part_header), count * sizeof(int));
  }
  return {.message = std::move(message), .closed = false};
}

}  // namespace barnacle
