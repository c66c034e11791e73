#include "harness/engine/baseline.h"

#include <fnmatch.h>

#include "harness/scenario/file.h"
#include "harness/scenario/toml_reader.h"
#include "sim/base/dates.h"

namespace barnacle {
namespace {

constexpr Time kDay_s = 24 * 60 * 60;
constexpr std::string_view kKeys[] = {"invariant", "pattern", "reason", "expires"};

std::vector<std::string_view> invariant_ids() {
  std::vector<std::string_view> ids;
  for (const Invariant& invariant : all_invariants()) ids.push_back(invariant.id);
  return ids;
}

Accepted read_accepted(Problems& problems, const TomlValue& table) {
  Accepted entry;
  const TableReader reader(problems, table, "an [[accepted]] table", {std::begin(kKeys), std::end(kKeys)});
  reader.require(kKeys);
  const std::vector<std::string_view> ids = invariant_ids();
  if (const auto known = reader.one_of("invariant", "invariant", ids)) entry.invariant = ids[*known];
  reader.text("pattern", entry.pattern);
  reader.text("reason", entry.reason);
  for (const char* key : {"pattern", "reason"}) {
    const TomlValue* value = reader.find(key);
    if (value != nullptr && value->is_string() && value->string().empty()) reader.error(key, "must not be empty");
  }
  std::optional<Time> expires;
  reader.date("expires", expires);
  if (expires && *expires % kDay_s != 0) reader.error("expires", "must be a day such as 2026-01-31, without a time");
  entry.expires = expires.value_or(0);
  return entry;
}

}  // namespace

std::expected<Baseline, InputError> parse_baseline(std::string_view text, const std::string& file) {
  const std::expected<TomlValue, TomlError> document = parse_toml(text);
  if (!document) return std::unexpected(InputError{file, document.error().line, "", document.error().what, ""});
  Problems problems(file);
  const TableReader reader(problems, *document, "a baseline", {"accepted"});
  Baseline baseline{file, {}};
  for (const TomlValue* table : reader.tables("accepted")) baseline.entries.push_back(read_accepted(problems, *table));
  if (problems.first()) return std::unexpected(*problems.first());
  return baseline;
}

std::expected<Baseline, InputError> load_baseline(const std::string& path) {
  const std::expected<std::string, FileError> text = read_file(path);
  if (!text) return std::unexpected(InputError{path, 0, "", text.error().what, ""});
  return parse_baseline(*text, path);
}

bool speaks_of(const Accepted& entry, const Finding& finding) {
  return entry.invariant == finding.invariant &&
         ::fnmatch(entry.pattern.c_str(), finding.violation.path.c_str(), 0) == 0;
}

bool has_expired(const Accepted& entry, Time today) { return today >= entry.expires + kDay_s; }

std::string term_of(const Accepted& entry, Time today) {
  return "accepted until " + date_text(entry.expires) + (has_expired(entry, today) ? ": expired" : "");
}

}  // namespace barnacle
