#include "harness/live/subject/subject.h"

#include <fmt/format.h>

#include "harness/scenario/file.h"
#include "harness/scenario/toml_reader.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUntilItSleeps = "sleep infinity";
constexpr std::string_view kUntilItExits = "exit";
const std::vector<std::string_view> kKnownTools = {"kubectl", "tomlq"};

struct SubjectReader {
  Problems& problems;
  const fs::path& folder;

  fs::path below(const TableReader& table, std::string_view key, const std::string& path) const {
    const fs::path place = folder / path;
    std::error_code error;
    if (!fs::is_directory(place, error)) table.error(key, fmt::format("there is no folder {}", place.string()));
    return place;
  }

  LiveImage image(const TomlValue& value) const {
    const TableReader table(problems, value, "an image", {"name", "roots", "tools"});
    table.require(std::vector<std::string_view>{"name", "roots"});
    LiveImage image;
    table.text("name", image.name);
    std::vector<std::string> roots;
    table.texts("roots", roots);
    for (const std::string& root : roots) image.roots.push_back(below(table, "roots", root));
    table.texts("tools", image.tools);
    for (const std::string& tool : image.tools) {
      if (std::ranges::find(kKnownTools, tool) == kKnownTools.end())
        problems.add_unknown(table.line(), "tools", "tool", tool, kKnownTools);
    }
    return image;
  }

  LiveSubject subject(const TomlValue& value) const {
    const TableReader table(
        problems, value, "a subject",
        {"name", "version", "date", "chart", "settings", "settled", "roots", "suffix", "label", "image"});
    table.require(std::vector<std::string_view>{"name", "version", "date", "chart", "image"});
    LiveSubject subject;
    subject.folder = folder;
    table.text("name", subject.name);
    table.text("version", subject.version);
    std::optional<Time> date;
    table.date("date", date);
    subject.date = date.value_or(0);
    std::string chart;
    table.text("chart", chart);
    subject.chart = below(table, "chart", chart);
    table.text("settings", subject.settings);
    table.text("settled", subject.settled);
    if (subject.settled != kUntilItSleeps && subject.settled != kUntilItExits)
      table.error("settled", fmt::format("must be \"{}\" or \"{}\"", kUntilItSleeps, kUntilItExits));
    table.texts("roots", subject.roots);
    table.text("suffix", subject.suffix);
    table.text("label", subject.label);
    for (const TomlValue* one : table.tables("image")) subject.images.push_back(image(*one));
    return subject;
  }
};

}  // namespace

std::expected<LiveSubject, std::string> load_live_subject(const fs::path& folder) {
  const std::string file = (folder / kSubjectFile).string();
  const auto text = read_file(file);
  if (!text) return std::unexpected(fmt::format("{}: {}", file, text.error().what));
  const auto parsed = parse_toml(*text);
  if (!parsed) return std::unexpected(fmt::format("{}:{}: {}", file, parsed.error().line, parsed.error().what));
  Problems problems(file);
  LiveSubject subject = SubjectReader{problems, folder}.subject(*parsed);
  if (problems.first()) return std::unexpected(problems.first()->text());
  return subject;
}

}  // namespace barnacle
