// A node's files as a folder of this machine, for programs that need real ones; and back again as a value.
//
// A folder holds one tree at a time and remembers it, so that the next tree costs what differs. Nothing that a program
// put there is trusted: no link is followed, everything is opened below a descriptor of the folder.
#pragma once

#include <sys/stat.h>

#include <expected>
#include <filesystem>
#include <map>
#include <string>

#include "sim/host/tree.h"

namespace barnacle {

class HostFolder {
 public:
  // An empty folder that is there already. Files of the node belong to `owner_base` + their uid there (a user namespace
  // that maps root so).
  HostFolder(std::filesystem::path folder, Store& store);

  const std::filesystem::path& path() const { return folder_; }

  // Makes the folder hold `tree`. Errors are of this machine: a full disk, a missing right.
  std::expected<void, std::string> put(const FileTree& tree);

  // What is there now. A file that was written since put() is dated `now`, unless the program gave it an older date of
  // its own (cp -a). What a tree cannot hold (sockets, pipes, devices) is left out.
  std::expected<FileTree, std::string> take(Time now);

 private:
  // Of an entry as it was when the tree was last known: nothing writes to a file without changing it.
  struct Stamp {
    std::uint64_t inode = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  static Stamp stamp_of(const struct ::stat& status);

  struct Writer;
  struct Reader;

  std::filesystem::path folder_;
  FileTree present_;
  std::map<std::string, Stamp> stamps_;  // by path, of files and links
  std::int64_t put_at_ns_ = 0;           // when put() ended, by the clock that dates files
};

}  // namespace barnacle
