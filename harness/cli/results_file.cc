#include "harness/cli/results_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "harness/cli/output.h"
#include "harness/scenario/file.h"

namespace barnacle {
namespace {

constexpr std::size_t kLargestResults = std::size_t{1} << 32;

std::string problem(const std::string& path, std::string_view doing, int error) {
  return fmt::format("{}: {}: {}", path, doing, std::system_category().message(error));
}

ssize_t write_once(int descriptor, std::string_view bytes) {
  ssize_t written = -1;
  do written = ::write(descriptor, bytes.data(), bytes.size());
  while (written < 0 && errno == EINTR);
  return written;
}

}  // namespace

std::expected<ReadResults, std::string> read_results(const std::string& path) {
  const auto text = read_file(path, kLargestResults);
  if (!text) return std::unexpected(path + ": " + text.error().what);
  ReadResults read;
  int number = 0;
  std::size_t at = 0;
  while (at < text->size()) {
    ++number;
    const std::size_t end = text->find('\n', at);
    if (end == std::string::npos) {
      read.unfinished = number;
      break;
    }
    auto block = parse_block_line(std::string_view(*text).substr(at, end - at));
    if (!block) return std::unexpected(fmt::format("{}:{}: {}", path, number, block.error()));
    read.blocks.push_back(std::move(*block));
    at = end + 1;
  }
  read.whole_bytes = at;
  return read;
}

std::string unfinished_note(const std::string& path, int line) {
  return fmt::format("{}:{}: an unfinished last line, which counts for nothing", path, line);
}

std::expected<std::unique_ptr<ResultsFile>, std::string> ResultsFile::open(const std::string& path,
                                                                           const CampaignIdentity& campaign) {
  if (path.find('\0') != std::string::npos)
    return std::unexpected(std::string("--results: a file's name holds no zero byte"));
  // Not blocking: a FIFO would wait for a reader.
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
  if (descriptor < 0) return std::unexpected(problem(path, "cannot be opened", errno));
  std::unique_ptr<ResultsFile> file(new ResultsFile(path, descriptor, campaign));
  struct stat status{};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
    return std::unexpected(path + ": is not a regular file");
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) return std::unexpected(path + ": another run is writing to it");
  if (const auto ready = file->go_on(); !ready) return std::unexpected(ready.error());
  return file;
}

ResultsFile::~ResultsFile() { ::close(descriptor_); }

std::expected<void, std::string> ResultsFile::go_on() {
  const auto read = read_results(path_);
  if (!read) return std::unexpected(read.error());
  for (std::size_t i = 0; i < read->blocks.size(); ++i) {
    const Added added = results_.add(read->blocks[i]);
    if (added == Added::other_campaign) {
      return std::unexpected(
          fmt::format("{}:{}: is of another campaign: {}", path_, i + 1, describe(read->blocks[i].campaign)));
    }
    if (added == Added::contradiction)
      return std::unexpected(fmt::format("{}:{}: has another result for a block that is there already", path_, i + 1));
  }
  bytes_ = read->whole_bytes;
  if (!read->unfinished) return {};
  note(unfinished_note(path_, *read->unfinished));
  if (::ftruncate(descriptor_, static_cast<off_t>(bytes_)) != 0)
    return std::unexpected(problem(path_, "cannot be shortened", errno));
  return {};
}

bool ResultsFile::append(const Block& block, const Tally& tally) {
  const std::scoped_lock lock(mutex_);
  if (!error_.empty()) return false;
  const BlockResult result{results_.campaign(), block, tally};
  const std::string line = block_line(result);
  const ssize_t written = write_once(descriptor_, line);
  if (written == static_cast<ssize_t>(line.size()) && ::fsync(descriptor_) == 0) {
    bytes_ += line.size();
    results_.add(result);
    return true;
  }
  error_ = problem(path_, "cannot be written", written < 0 ? errno : ENOSPC);
  // What could not be written whole is taken back, as far as that goes; a reader would pass over it anyway.
  (void)!::ftruncate(descriptor_, static_cast<off_t>(bytes_));
  return false;
}

}  // namespace barnacle
