#include "harness/live/sandbox/bounded_reader.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace barnacle {

BoundedReader::~BoundedReader() {
  if (descriptor_ >= 0) close(descriptor_);
}

void BoundedReader::read_what_is_there() {
  char buffer[65536];
  for (int round = 0; round < 16 && descriptor_ >= 0; ++round) {
    const ssize_t size = read(descriptor_, buffer, sizeof buffer);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) {
      close(descriptor_);
      descriptor_ = -1;
      return;
    }
    const std::uint64_t room = limit_ - std::min<std::uint64_t>(limit_, text_.size());
    text_.append(buffer, static_cast<std::size_t>(std::min<std::uint64_t>(room, static_cast<std::uint64_t>(size))));
  }
}

}  // namespace barnacle
