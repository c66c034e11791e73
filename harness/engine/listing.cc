#include "harness/engine/listing.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <vector>

#include "sim/base/sha256.h"

namespace barnacle {
namespace {

constexpr std::string_view kSectionMark = "===== ";
constexpr std::string_view kDiffNote = " (diff to the image)";
constexpr std::string_view kDiffStart = "--- image\n";
constexpr std::size_t kFields = 5;

using Failure = std::unexpected<std::string>;

// Takes lines off a text and knows which one it is at.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  int number() const { return number_; }
  std::string_view rest() const { return rest_; }

  std::string_view next() {
    const std::size_t end = rest_.find('\n');
    const std::string_view line = rest_.substr(0, end);
    skip(end == std::string_view::npos ? rest_.size() : end + 1);
    return line;
  }

  void skip(std::size_t bytes) {
    for (const char c : rest_.substr(0, bytes)) number_ += c == '\n' ? 1 : 0;
    rest_.remove_prefix(bytes);
  }

 private:
  std::string_view rest_;
  int number_ = 1;  // of the line that comes next
};

template <class Number>
bool read_number(std::string_view text, Number& into, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

std::optional<std::array<std::string_view, kFields>> fields_of(std::string_view line) {
  std::array<std::string_view, kFields> fields;
  for (std::size_t i = 0; i + 1 < kFields; ++i) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) return std::nullopt;
    fields[i] = line.substr(0, tab);
    line.remove_prefix(tab + 1);
  }
  fields.back() = line;
  return fields;
}

std::expected<ListingEntry, std::string> read_entry(const std::array<std::string_view, kFields>& fields) {
  const auto& [path, kind, mode, size, content] = fields;
  constexpr std::string_view kArrow = "-> ";
  ListingEntry entry;
  if (kind == "l") {
    if (!content.starts_with(kArrow)) return Failure("a link without a target");
    entry.kind = FileKind::symlink;
    entry.target = content.substr(kArrow.size());
    return entry;
  }
  if (kind != "d" && kind != "f") return Failure(fmt::format("unknown kind '{}'", kind));
  if (!read_number(mode, entry.mode, 8)) return Failure(fmt::format("'{}' is no mode", mode));
  entry.kind = kind == "d" ? FileKind::directory : FileKind::file;
  if (entry.kind == FileKind::directory) return entry;
  if (!read_number(size, entry.size)) return Failure(fmt::format("'{}' is no size", size));
  if (content.size() != 64) return Failure(fmt::format("'{}' is no SHA-256", content));
  entry.sha256 = content;
  return entry;
}

std::expected<void, std::string> read_entries(Lines& lines, Listing& listing) {
  while (!lines.at_end() && !lines.rest().starts_with(kSectionMark)) {
    const int number = lines.number();
    const std::string_view line = lines.next();
    if (line.empty()) continue;
    const auto fields = fields_of(line);
    if (!fields || !fields->front().starts_with('/'))
      return Failure(fmt::format("line {}: is no entry of a listing", number));
    auto entry = read_entry(*fields);
    if (!entry) return Failure(fmt::format("line {}: {}", number, entry.error()));
    const bool is_new = listing.entries.emplace(fields->front(), std::move(*entry)).second;
    if (!is_new) return Failure(fmt::format("line {}: {} is listed twice", number, fields->front()));
  }
  return {};
}

// A file's text may look like the start of a section: the size in its entry says where it ends. A diff's lines cannot.
std::size_t length_of_section(std::string_view body, const ListingEntry& entry) {
  if (!body.starts_with(kDiffStart)) return entry.size;
  const std::size_t end = body.find("\n===== /");
  return end == std::string_view::npos ? body.size() : end + 1;
}

std::expected<void, std::string> read_section(Lines& lines, Listing& listing) {
  const int number = lines.number();
  std::string_view path = lines.next().substr(kSectionMark.size());
  if (path.ends_with(kDiffNote)) path.remove_suffix(kDiffNote.size());
  const auto entry = listing.entries.find(std::string(path));
  if (entry == listing.entries.end())
    return Failure(fmt::format("line {}: the text of {}, which is not listed", number, path));
  const std::size_t length = length_of_section(lines.rest(), entry->second);
  if (length > lines.rest().size()) return Failure(fmt::format("line {}: the text of {} is cut off", number, path));
  listing.sections.emplace(path, lines.rest().substr(0, length));
  lines.skip(length);
  while (lines.rest().starts_with('\n')) lines.skip(1);
  if (!lines.at_end() && !lines.rest().starts_with(kSectionMark)) {
    return Failure(fmt::format("line {}: the text of {} is longer than its entry says", lines.number(), path));
  }
  return {};
}

// Lines with their ends: the last one may be without.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

struct Hunk {
  std::size_t start = 0;  // of the replaced lines, from 0
  std::size_t removed = 0;
  std::size_t added = 0;
};

bool read_range(std::string_view text, std::size_t& start, std::size_t& count) {
  const std::size_t comma = text.find(',');
  count = 1;
  return read_number(text.substr(0, comma), start) &&
         (comma == std::string_view::npos || read_number(text.substr(comma + 1), count));
}

// "@@ -15,4 +15,4 @@"
std::optional<Hunk> read_hunk(std::string_view line) {
  const std::size_t minus = line.find('-');
  const std::size_t plus = line.find(" +");
  const std::size_t end = line.find(" @@", plus == std::string_view::npos ? 0 : plus);
  if (!line.starts_with("@@ -") || plus == std::string_view::npos || end == std::string_view::npos) return std::nullopt;
  Hunk hunk;
  std::size_t new_start = 0;
  if (!read_range(line.substr(minus + 1, plus - minus - 1), hunk.start, hunk.removed)) return std::nullopt;
  if (!read_range(line.substr(plus + 2, end - plus - 2), new_start, hunk.added)) return std::nullopt;
  // Lines are counted from 1; a hunk that only adds names the line before it.
  if (hunk.removed > 0) {
    if (hunk.start == 0) return std::nullopt;
    --hunk.start;
  }
  return hunk;
}

// One line of a hunk, without its sign; without its end where the diff says that the file has none.
std::optional<std::string_view> take_line(Lines& diff, char sign) {
  constexpr std::string_view kNoEnd = "\\ No newline at end of file";
  if (!diff.rest().starts_with(sign)) return std::nullopt;
  const std::string_view all = diff.rest();
  std::size_t length = diff.next().size();
  if (diff.rest().starts_with(kNoEnd)) diff.next();
  else if (length < all.size()) ++length;
  return all.substr(1, length - 1);
}

}  // namespace

std::expected<Listing, std::string> parse_listing(std::string_view text) {
  Listing listing;
  Lines lines(text);
  if (auto read = read_entries(lines, listing); !read) return Failure(read.error());
  while (!lines.at_end()) {
    if (auto read = read_section(lines, listing); !read) return Failure(read.error());
  }
  return listing;
}

std::expected<std::string, std::string> apply_diff(std::string_view image, std::string_view diff) {
  const std::vector<std::string_view> original = lines_of(image);
  Lines changes(diff);
  std::string result;
  std::size_t at = 0;
  const auto copy_until = [&](std::size_t end) {
    for (; at < end; ++at) result += original[at];
  };
  while (!changes.at_end()) {
    const std::string_view line = changes.next();
    if (line.empty() || line.starts_with("--- ") || line.starts_with("+++ ")) continue;
    const auto hunk = read_hunk(line);
    if (!hunk || hunk->start < at || hunk->start + hunk->removed > original.size()) {
      return Failure(fmt::format("'{}' does not fit the image", line));
    }
    copy_until(hunk->start);
    for (std::size_t i = 0; i < hunk->removed; ++i) {
      const auto removed = take_line(changes, '-');
      if (!removed || *removed != original[at]) return Failure(fmt::format("'{}' does not fit the image", line));
      ++at;
    }
    for (std::size_t i = 0; i < hunk->added; ++i) {
      const auto added = take_line(changes, '+');
      if (!added) return Failure(fmt::format("'{}' is cut off", line));
      result += *added;
    }
  }
  copy_until(original.size());
  return result;
}

std::expected<std::string, std::string> recorded_text(const Listing& listing, const std::string& path,
                                                      const std::optional<std::string>& image) {
  const auto entry = listing.entries.find(path);
  const auto section = listing.sections.find(path);
  if (entry == listing.entries.end() || section == listing.sections.end())
    return Failure("the recording has not its text");
  std::string text = section->second;
  if (text.starts_with(kDiffStart)) {
    if (!image) return Failure("the recording has a diff to a file that the image has not");
    auto patched = apply_diff(*image, text);
    if (!patched) return Failure("the recording's diff: " + patched.error());
    text = std::move(*patched);
  }
  if (sha256_hex(text) != entry->second.sha256) return Failure("the recording's text is not what its SHA-256 says");
  return text;
}

}  // namespace barnacle
