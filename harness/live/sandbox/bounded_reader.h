// What comes out of a pipe, kept up to a limit; the rest is read and dropped, so that nobody blocks on a full pipe.
#pragma once

#include <cstdint>
#include <string>

namespace barnacle {

class BoundedReader {
 public:
  BoundedReader(int descriptor, std::uint64_t limit) : descriptor_(descriptor), limit_(limit) {}
  ~BoundedReader();
  BoundedReader(const BoundedReader&) = delete;
  BoundedReader& operator=(const BoundedReader&) = delete;

  void read_what_is_there();                      // at most a megabyte at once
  int descriptor() const { return descriptor_; }  // -1 once it has ended
  const std::string& text() const { return text_; }

 private:
  int descriptor_;  // does not block
  std::uint64_t limit_;
  std::string text_;
};

}  // namespace barnacle
