#include "harness/report/dump_host.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include "harness/report/words.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;

// Everything but the bits that would give whoever runs a file the rights of its owner.
constexpr mode_t kPlainModes = 01777;

using Done = std::expected<void, std::string>;

std::unexpected<std::string> failure(const std::string& path, int error) {
  return std::unexpected(
      fmt::format("{}: cannot be written: {}", one_line(path), std::system_category().message(error)));
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }
  bool valid() const { return number_ >= 0; }
  bool close_now() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

mode_t mode_of(const Node& node) { return static_cast<mode_t>(node.attributes.mode) & kPlainModes; }

// Writes what is below a directory, relative to its descriptor, so that no link on the way can lead elsewhere.
class TreeWriter {
 public:
  explicit TreeWriter(std::string shown) : path_(std::move(shown)) {}

  Done write_children(int folder, const Node& directory) {
    for (const Child& child : directory.children) {
      const std::size_t length = path_.size();
      path_ += "/" + *child.name;
      if (Done done = write(folder, child.name->c_str(), *child.node); !done) return done;
      path_.resize(length);
    }
    return {};
  }

 private:
  Done write(int folder, const char* name, const Node& node) {
    switch (node.kind) {
      case FileKind::directory: return write_directory(folder, name, node);
      case FileKind::file: return write_file(folder, name, node);
      case FileKind::symlink:
        return ::symlinkat(node.blob->bytes.c_str(), folder, name) == 0 ? Done{} : failure(path_, errno);
    }
    return {};
  }

  // The mode comes last: it may forbid to write below.
  Done write_directory(int folder, const char* name, const Node& node) {
    if (::mkdirat(folder, name, 0700) != 0) return failure(path_, errno);
    const Descriptor descriptor(::openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!descriptor.valid()) return failure(path_, errno);
    if (Done done = write_children(descriptor.number(), node); !done) return done;
    return ::fchmod(descriptor.number(), mode_of(node)) == 0 ? Done{} : failure(path_, errno);
  }

  Done write_file(int folder, const char* name, const Node& node) {
    Descriptor descriptor(::openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!descriptor.valid()) return failure(path_, errno);
    std::string_view rest = node.blob->bytes;
    while (!rest.empty()) {
      const ssize_t written = ::write(descriptor.number(), rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failure(path_, errno);
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fchmod(descriptor.number(), mode_of(node)) != 0) return failure(path_, errno);
    return descriptor.close_now() ? Done{} : failure(path_, errno);
  }

  std::string path_;  // for messages
};

// Removes a tree whose directories may forbid it.
void remove_tree(const std::string& root) {
  std::error_code ignored;
  fs::permissions(root, fs::perms::owner_all, fs::perm_options::add | fs::perm_options::nofollow, ignored);
  for (const auto& entry : fs::directory_iterator(root, ignored)) {
    if (entry.is_directory(ignored) && !entry.is_symlink(ignored)) remove_tree(entry.path().string());
  }
  fs::remove_all(root, ignored);
}

struct Place {
  std::string final;
  std::string temporary;
  bool renamed = false;
};

// All trees, first beside their places, then renamed. What was made goes again unless keep() is called.
class Dump {
 public:
  explicit Dump(std::string folder) : folder_(std::move(folder)) {}
  Dump(const Dump&) = delete;
  Dump& operator=(const Dump&) = delete;
  ~Dump() {
    for (const Place& place : places_) remove_tree(place.renamed ? place.final : place.temporary);
  }
  void keep() { places_.clear(); }

  Done stage(const NodeHost& node) {
    const std::string final = folder_ + "/" + node.name;
    if (Done free = check_free(node.name, final); !free) return free;
    std::string temporary = folder_ + "/.barnacle-dump-XXXXXX";
    if (::mkdtemp(temporary.data()) == nullptr) return failure(final, errno);
    places_.push_back({final, temporary});
    const Descriptor descriptor(::open(temporary.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!descriptor.valid()) return failure(final, errno);
    const Node& root = *node.host->host.files.root();
    if (Done done = TreeWriter(final).write_children(descriptor.number(), root); !done) return done;
    return ::fchmod(descriptor.number(), mode_of(root)) == 0 ? Done{} : failure(final, errno);
  }

  Done rename_all() {
    for (Place& place : places_) {
      if (::rename(place.temporary.c_str(), place.final.c_str()) != 0) return failure(place.final, errno);
      place.renamed = true;
    }
    return {};
  }

 private:
  static Done check_free(const std::string& node, const std::string& final) {
    // A scenario names its nodes as it likes.
    if (node.empty() || node == "." || node == ".." || node.find('/') != std::string::npos ||
        node.find('\0') != std::string::npos) {
      return std::unexpected(fmt::format("node '{}': its name is no file name", one_line(node)));
    }
    struct stat status{};
    if (::lstat(final.c_str(), &status) != 0) return errno == ENOENT ? Done{} : failure(final, errno);
    if (!S_ISDIR(status.st_mode))
      return std::unexpected(fmt::format("{}: is there already and is no directory", one_line(final)));
    std::error_code error;
    const bool empty = fs::is_empty(final, error);
    if (error) return failure(final, error.value());
    return empty ? Done{} : std::unexpected(fmt::format("{}: is there already and is not empty", one_line(final)));
  }

  std::string folder_;
  std::vector<Place> places_;
};

}  // namespace

std::expected<void, std::string> dump_hosts(const World& world, const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return failure(folder, error.value());
  Dump dump(folder);
  for (const NodeHost& node : world.nodes) {
    if (Done done = dump.stage(node); !done) return done;
  }
  if (Done done = dump.rename_all(); !done) return done;
  dump.keep();
  return {};
}

}  // namespace barnacle
