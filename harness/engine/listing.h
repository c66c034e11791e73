// The listings of a recording: what stood on a host after a step.
//
// One entry a line (path, kind, mode, size, SHA-256 or link target, tab-separated), then sections with the text of some
// files, each behind "===== path": the whole text, or a zero-context unified diff to the same file of the image.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sim/host/tree.h"

namespace barnacle {

struct ListingEntry {
  FileKind kind = FileKind::file;
  std::uint16_t mode = 0;  // not for symbolic links
  std::uint64_t size = 0;  // bytes, of files
  std::string sha256;      // of files
  std::string target;      // of symbolic links
};

struct Listing {
  std::map<std::string, ListingEntry> entries;  // by path
  std::map<std::string, std::string> sections;  // by path; text or diff
};

// The error is one line: "line 7: …".
std::expected<Listing, std::string> parse_listing(std::string_view text);

// `image` with the changes of a zero-context unified diff made to it. The error says which hunk does not fit.
std::expected<std::string, std::string> apply_diff(std::string_view image, std::string_view diff);

// The text of a recorded file, proven by its SHA-256. `image`: the same file of the image, where there is one.
std::expected<std::string, std::string> recorded_text(const Listing& listing, const std::string& path,
                                                      const std::optional<std::string>& image);

}  // namespace barnacle
