#include "harness/live/subject/template_values.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/scenario/file.h"
#include "sim/deploy/version.h"
#include "sim/host/toml.h"

namespace barnacle {
namespace {

// One row per table of the file: the trees of templates that it is for.
struct ValueTable {
  std::string_view name;
  bool go, rust;
};
constexpr ValueTable kTables[] = {{"both", true, true}, {"go", true, false}, {"rust", false, true}};

// Of a table by first version, the value of the newest that is not after `version`; null where all are later.
const TomlValue* value_for(const TomlValue& given, const std::string& version) {
  if (!given.is_table()) return &given;
  const TomlValue* best = nullptr;
  std::string_view since;
  for (const auto& [first, value] : given.table()) {
    if (compare_versions(first, version) > 0 || (best != nullptr && compare_versions(first, since) < 0)) continue;
    best = &value;
    since = first;
  }
  return best;
}

bool part_of_name(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

}  // namespace

std::expected<TemplateValues, std::string> TemplateValues::load(const std::filesystem::path& file,
                                                                const std::string& version) {
  const auto text = read_file(file.string());
  if (!text) return std::unexpected(fmt::format("{}: {}", file.string(), text.error().what));
  const auto parsed = parse_toml(*text);
  if (!parsed)
    return std::unexpected(fmt::format("{}:{}: {}", file.string(), parsed.error().line, parsed.error().what));
  TemplateValues values;
  for (const auto& [name, table] : parsed->table()) {
    const auto row = std::ranges::find(kTables, name, &ValueTable::name);
    if (row == std::end(kTables) || !table.is_table())
      return std::unexpected(
          fmt::format("{}:{}: {}: is none of the tables both, go and rust", file.string(), table.line, name));
    for (const auto& [variable, given] : table.table()) {
      const TomlValue* value = value_for(given, version);
      if (value == nullptr) continue;
      if (!value->is_string())
        return std::unexpected(fmt::format("{}:{}: {}: must be a text", file.string(), given.line, variable));
      if (row->go) values.values_[TemplateTree::go][variable] = value->string();
      if (row->rust) values.values_[TemplateTree::rust][variable] = value->string();
    }
  }
  return values;
}

std::string TemplateValues::fill(std::string_view text, TemplateTree tree) const {
  const auto known = values_.find(tree);
  if (known == values_.end()) return std::string(text);
  std::string filled;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('@'), text.size());
    filled += text.substr(0, open);
    text.remove_prefix(open);
    if (text.empty()) break;
    const std::size_t name_size =
        static_cast<std::size_t>(std::ranges::find_if_not(text.substr(1), part_of_name) - text.substr(1).begin());
    const auto value = known->second.find(text.substr(1, name_size));
    const bool closed = name_size + 1 < text.size() && text[name_size + 1] == '@';
    if (closed && value != known->second.end()) {
      filled += value->second;
      text.remove_prefix(name_size + 2);
    } else {
      filled += '@';
      text.remove_prefix(1);
    }
  }
  return filled;
}

}  // namespace barnacle
