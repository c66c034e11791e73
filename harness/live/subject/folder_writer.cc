#include "harness/live/subject/folder_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <system_error>
#include <utility>

#include "harness/scenario/file.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;
using Failure = std::unexpected<std::string>;

constexpr std::size_t kLargestFile = std::size_t{64} << 20;
constexpr fs::perms kPlain =
    fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read | fs::perms::others_read;
constexpr fs::perms kRunnable = kPlain | fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec;

bool date_entry(const fs::path& path, Time date) {
  const timespec time{.tv_sec = static_cast<time_t>(date), .tv_nsec = 0};
  const timespec both[2] = {time, time};
  return ::utimensat(AT_FDCWD, path.c_str(), both, AT_SYMLINK_NOFOLLOW) == 0;
}

// Directories after what is in them: writing into one dates it anew. Their modes are no matter of the umask.
bool settle_tree(const fs::path& folder, Time date) {
  std::error_code error;
  fs::permissions(folder, kRunnable, error);
  bool all = !error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const bool is_folder = entry->symlink_status(error).type() == fs::file_type::directory;
    all = (is_folder ? settle_tree(entry->path(), date) : date_entry(entry->path(), date)) && all;
  }
  return date_entry(folder, date) && all && !error;
}

}  // namespace

std::expected<FolderWriter, std::string> FolderWriter::begin(const fs::path& out) {
  std::error_code error;
  const fs::path place = fs::absolute(out, error).lexically_normal();
  const fs::path folder = place.has_filename() ? place : place.parent_path();
  if (fs::exists(fs::symlink_status(folder, error)) &&
      (!fs::is_directory(folder, error) || !fs::is_empty(folder, error)))
    return Failure(fmt::format("{}: is there already, and not an empty folder", out.string()));
  std::string part = folder.string() + ".part-XXXXXX";
  if (::mkdtemp(part.data()) == nullptr)
    return Failure(fmt::format("{}: cannot be made: {}", out.string(), std::system_category().message(errno)));
  fs::permissions(part, kRunnable, error);
  return FolderWriter(folder, part);
}

FolderWriter::FolderWriter(FolderWriter&& other) noexcept
    : out_(std::move(other.out_)), part_(std::exchange(other.part_, fs::path())) {}

FolderWriter::~FolderWriter() {
  std::error_code ignored;
  if (!part_.empty()) fs::remove_all(part_, ignored);
}

FolderWriter::Done FolderWriter::write(const fs::path& path, std::string_view text, bool executable) {
  std::error_code error;
  fs::create_directories((part_ / path).parent_path(), error);
  std::ofstream file(part_ / path, std::ios::binary);
  file << text;
  file.close();
  if (file) fs::permissions(part_ / path, executable ? kRunnable : kPlain, error);
  if (!file || error) return Failure(fmt::format("{}: cannot be written", (out_ / path).string()));
  return {};
}

FolderWriter::Done FolderWriter::link(const fs::path& path, const std::string& target) {
  std::error_code error;
  fs::create_directories((part_ / path).parent_path(), error);
  fs::create_symlink(target, part_ / path, error);
  if (error) return Failure(fmt::format("{}: cannot be written: {}", (out_ / path).string(), error.message()));
  return {};
}

FolderWriter::Done FolderWriter::copy(const fs::path& from, const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(from, error);
  if (fs::is_symlink(status)) return link(path, fs::read_symlink(from, error).string());
  if (fs::is_directory(status)) {
    fs::create_directories(part_ / path, error);
    for (fs::directory_iterator entry(from, error), end; !error && entry != end; entry.increment(error)) {
      if (Done done = copy(entry->path(), path / entry->path().filename()); !done) return done;
    }
    if (error) return Failure(fmt::format("{}: {}", from.string(), error.message()));
    return {};
  }
  const auto text = read_file(from.string(), kLargestFile);
  if (!text) return Failure(fmt::format("{}: {}", from.string(), text.error().what));
  return write(path, *text, (status.permissions() & fs::perms::owner_exec) != fs::perms::none);
}

FolderWriter::Done FolderWriter::write_payload(const Payload& payload, const fs::path& path) {
  std::error_code error;
  fs::create_directories(part_ / path, error);
  for (const PayloadEntry& entry : payload.entries) {
    Done done;
    if (entry.kind == FileKind::directory) fs::create_directories(part_ / path / entry.path, error);
    else if (entry.kind == FileKind::symlink) done = link(path / entry.path, entry.text);
    else done = write(path / entry.path, entry.text, (entry.mode & 0100) != 0);
    if (!done) return done;
  }
  if (error) return Failure(fmt::format("{}: cannot be written: {}", (out_ / path).string(), error.message()));
  return {};
}

FolderWriter::Done FolderWriter::finish(Time date) {
  if (!settle_tree(part_, date)) return Failure(fmt::format("{}: cannot be dated", out_.string()));
  std::error_code error;
  fs::rename(part_, out_, error);
  if (error) return Failure(fmt::format("{}: cannot be put in its place: {}", out_.string(), error.message()));
  part_.clear();
  return {};
}

}  // namespace barnacle
