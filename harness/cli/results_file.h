// A file of results that only grows: a line for each finished block of a campaign. Whoever is killed while writing
// leaves at most an unfinished last line, which counts for nothing.
#pragma once

#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "harness/report/results.h"

namespace barnacle {

struct ReadResults {
  std::vector<BlockResult> blocks;  // in the order of the file
  std::optional<int> unfinished;    // the number of a last line that somebody did not finish
  std::size_t whole_bytes = 0;      // without that line
};
// The error is one line with file and line.
std::expected<ReadResults, std::string> read_results(const std::string& path);
// What to tell of an unfinished line.
std::string unfinished_note(const std::string& path, int line);

// The file as its one writer has it.
class ResultsFile {
 public:
  // Makes the file, or goes on with it: what is in it has to be of this campaign, and an unfinished line goes away. The
  // error is one line.
  static std::expected<std::unique_ptr<ResultsFile>, std::string> open(const std::string& path,
                                                                       const CampaignIdentity& campaign);
  ~ResultsFile();
  ResultsFile(const ResultsFile&) = delete;
  ResultsFile& operator=(const ResultsFile&) = delete;

  const Results& results() const { return results_; }

  // One write and one flush to the disk; threads may call it. False, and error() is set, when the line cannot be kept.
  bool append(const Block& block, const Tally& tally);
  const std::string& error() const { return error_; }

 private:
  ResultsFile(std::string path, int descriptor, const CampaignIdentity& campaign)
      : path_(std::move(path)), descriptor_(descriptor), results_(campaign) {}

  std::expected<void, std::string> go_on();

  std::string path_;
  int descriptor_;
  std::mutex mutex_;
  std::size_t bytes_ = 0;
  Results results_;
  std::string error_;
};

}  // namespace barnacle
