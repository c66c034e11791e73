#include "harness/scenario/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace barnacle {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close_now(); }

  int number() const { return number_; }
  bool valid() const { return number_ >= 0; }
  // Some file systems tell only now that the disk is full.
  bool close_now() {
    const int number = number_;
    number_ = -1;
    return number < 0 || ::close(number) == 0;
  }

 private:
  int number_;
};

std::unexpected<FileError> failure(std::string_view doing, int error) {
  return std::unexpected(FileError{std::string(doing) + ": " + std::system_category().message(error)});
}

std::unexpected<FileError> refusal(std::string what) { return std::unexpected(FileError{std::move(what)}); }

std::string size_text(std::size_t bytes) {
  constexpr std::size_t kMebibyte = std::size_t{1} << 20;
  return bytes % kMebibyte == 0 ? std::to_string(bytes / kMebibyte) + " MiB" : std::to_string(bytes) + " bytes";
}

std::expected<void, FileError> write_all(int descriptor, std::string_view rest) {
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure("cannot be written", errno);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

std::expected<void, FileError> write_and_flush(Descriptor& descriptor, std::string_view contents) {
  if (auto written = write_all(descriptor.number(), contents); !written) return written;
  if (::fsync(descriptor.number()) != 0) return failure("cannot be written", errno);
  if (!descriptor.close_now()) return failure("cannot be written", errno);
  return {};
}

// A rename lasts once its folder is on the disk. Folders that cannot be flushed (some file systems) are no error.
void flush_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.valid()) (void)::fsync(descriptor.number());
}

std::string temporary_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  // A name of the greatest length leaves no room for more.
  return path.substr(0, name) + "." + path.substr(name, 200) + "." + std::to_string(::getpid()) + ".tmp";
}

}  // namespace

std::expected<std::string, FileError> read_file(const std::string& path, std::size_t limit) {
  if (path.find('\0') != std::string::npos) return refusal("cannot be opened: its name holds a zero byte");
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!descriptor.valid()) return failure("cannot be opened", errno);
  struct stat status{};
  if (::fstat(descriptor.number(), &status) != 0) return failure("cannot be opened", errno);
  if (S_ISDIR(status.st_mode)) return refusal("is a directory");
  if (!S_ISREG(status.st_mode)) return refusal("is not a regular file");
  if (status.st_size > static_cast<off_t>(limit)) return refusal("is larger than " + size_text(limit));

  // Files of /proc say that they are empty, and a file may grow while it is read: the limit holds for what is read.
  std::string contents;
  char piece[16384];
  while (true) {
    const ssize_t count = ::read(descriptor.number(), piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure("cannot be read", errno);
    if (count == 0) return contents;
    contents.append(piece, static_cast<std::size_t>(count));
    if (contents.size() > limit) return refusal("is larger than " + size_text(limit));
  }
}

std::expected<std::vector<std::filesystem::path>, FileError> list_folder(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    paths.push_back(entry->path());
  if (error) return refusal(error.message());
  std::ranges::sort(paths);
  return paths;
}

std::expected<void, FileError> write_file(const std::string& path, std::string_view contents) {
  if (path.find('\0') != std::string::npos) return refusal("cannot be written: its name holds a zero byte");
  const std::string temporary = temporary_name(path);
  Descriptor descriptor(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!descriptor.valid()) return failure("cannot be written", errno);
  std::expected<void, FileError> written = write_and_flush(descriptor, contents);
  if (written && std::rename(temporary.c_str(), path.c_str()) != 0) written = failure("cannot be written", errno);
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  flush_folder_of(path);
  return {};
}

}  // namespace barnacle
