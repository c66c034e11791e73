#include "sim/deploy/version.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/base/dates.h"
#include "sim/host/toml.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;

// One row per key of a preset: its name and the member it fills.
template <class T>
struct Fact {
  std::string_view key;
  std::variant<bool T::*, std::string T::*, std::vector<std::string> T::*, std::map<std::string, std::string> T::*>
      member;
};

const Fact<ChartFacts> kChartFacts[] = {
    {"structured_values", &ChartFacts::structured_values},
    {"create_runtime_classes", &ChartFacts::create_runtime_classes},
    {"chart_runtime_classes", &ChartFacts::chart_runtime_classes},
    {"node_selector", &ChartFacts::node_selector},
    {"node_selector_on_job", &ChartFacts::node_selector_on_job},
    {"tolerations", &ChartFacts::tolerations},
    {"arch_environment", &ChartFacts::arch_environment},
    {"snapshotter_environment", &ChartFacts::snapshotter_environment},
    {"may_list_daemon_sets", &ChartFacts::may_list_daemon_sets},
    {"feature_rules", &ChartFacts::feature_rules},
    {"k0s_directory", &ChartFacts::k0s_directory},
    {"microk8s_directory", &ChartFacts::microk8s_directory},
    {"gpu_tee_memory", &ChartFacts::gpu_tee_memory},
    {"shims", &ChartFacts::shims},
    {"default_snapshotters", &ChartFacts::default_snapshotters},
    {"amd64_guest_pull_everywhere", &ChartFacts::amd64_guest_pull_everywhere},
    {"legacy_lists_reach_the_pod", &ChartFacts::legacy_lists_reach_the_pod},
    {"clean_every_node", &ChartFacts::clean_every_node},
    {"guard_values", &ChartFacts::guard_values},
};

const Fact<DeployFacts> kDeployFacts[] = {
    {"edits_toml_by_value", &DeployFacts::edits_toml_by_value},
    {"double_slash_in_config_path", &DeployFacts::double_slash_in_config_path},
    {"prefix_must_be_absolute", &DeployFacts::prefix_must_be_absolute},
    {"detects_microk8s", &DeployFacts::detects_microk8s},
    {"per_shim_values", &DeployFacts::per_shim_values},
    {"guest_pull", &DeployFacts::guest_pull},
    {"nydus_takes_suffix", &DeployFacts::nydus_takes_suffix},
    {"cdi_annotations", &DeployFacts::cdi_annotations},
    {"debug_by_section", &DeployFacts::debug_by_section},
    {"wrapper_substituted_once", &DeployFacts::wrapper_substituted_once},
    {"rust_shims", &DeployFacts::rust_shims},
    {"wrapped_shims", &DeployFacts::wrapped_shims},
    {"qemu_share", &DeployFacts::qemu_share},
    {"tdx_ubuntu", &DeployFacts::tdx_ubuntu},
};

using Loaded = std::expected<void, std::string>;

Loaded assign(bool& fact, const TomlValue& value) {
  if (!std::holds_alternative<bool>(value.value)) return std::unexpected("is no boolean");
  fact = std::get<bool>(value.value);
  return {};
}

Loaded assign(std::string& fact, const TomlValue& value) {
  if (!value.is_string()) return std::unexpected("is no string");
  fact = value.string();
  return {};
}

Loaded assign(std::vector<std::string>& fact, const TomlValue& value) {
  if (!value.is_array()) return std::unexpected("is no list");
  fact.clear();
  for (const TomlValue& item : value.array()) {
    if (!item.is_string()) return std::unexpected("holds something that is no string");
    fact.push_back(item.string());
  }
  return {};
}

Loaded assign(std::map<std::string, std::string>& fact, const TomlValue& value) {
  if (!value.is_table()) return std::unexpected("is no table");
  fact.clear();
  for (const auto& [key, item] : value.table()) {
    if (!item.is_string()) return std::unexpected("holds something that is no string");
    fact[key] = item.string();
  }
  return {};
}

template <class T>
std::expected<void, VersionError> fill(T& facts, std::span<const Fact<T>> rows, const TomlValue& preset,
                                       const std::string& name, const std::string& file) {
  const TomlValue* table = preset.get(name);
  if (table == nullptr) return {};
  if (!table->is_table()) return std::unexpected(VersionError{file, table->line, "'" + name + "' is no table"});
  for (const auto& [key, value] : table->table()) {
    const auto row = std::ranges::find(rows, std::string_view(key), &Fact<T>::key);
    if (row == rows.end()) return std::unexpected(VersionError{file, value.line, "unknown key '" + key + "'"});
    const Loaded done = std::visit([&](auto member) { return assign(facts.*member, value); }, row->member);
    if (!done) return std::unexpected(VersionError{file, value.line, "'" + key + "' " + done.error()});
  }
  return {};
}

std::expected<Defects, VersionError> read_defects(const TomlValue& preset, const std::string& file) {
  Defects defects;
  const TomlValue* list = preset.get("defects");
  if (list == nullptr) return defects;
  if (!list->is_array()) return std::unexpected(VersionError{file, list->line, "'defects' is no list"});
  for (const TomlValue& item : list->array()) {
    const auto defect = item.is_string() ? defect_from_id(item.string()) : std::nullopt;
    if (!defect) return std::unexpected(VersionError{file, item.line, "unknown defect"});
    defects.add(*defect);
  }
  return defects;
}

// The chart's share of the defects.
void apply(const Defects& defects, ChartFacts& facts) {
  if (defects.has(Defect::single_cleanup_job)) facts.clean_every_node = false;
  if (defects.has(Defect::values_unguarded)) facts.guard_values = false;
  if (defects.has(Defect::hook_role_narrow)) facts.may_list_daemon_sets = false;
  if (defects.has(Defect::runtime_classes_by_script)) facts.chart_runtime_classes = false;
  if (defects.has(Defect::cleanup_without_prefix)) facts.cleanup_knows_prefix = false;
  if (defects.has(Defect::legacy_lists_lost)) facts.legacy_lists_reach_the_pod = false;
}

std::string text_at(const TomlValue& table, std::string_view key) {
  const TomlValue* value = table.get(key);
  if (value == nullptr) return "";
  if (const auto* date = std::get_if<TomlDate>(&value->value)) return date->text;
  return value->is_string() ? value->string() : "";
}

std::expected<std::shared_ptr<Version>, VersionError> read_version(const fs::path& path) {
  const std::string file = path.string();
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << stream.rdbuf();
  if (!stream) return std::unexpected(VersionError{file, 0, "cannot be read"});
  const auto preset = parse_toml(bytes.str());
  if (!preset) return std::unexpected(VersionError{file, preset.error().line, preset.error().what});
  for (const auto& [key, value] : preset->table()) {
    constexpr std::string_view kKnown[] = {"title", "version", "date", "recorded", "defects", "chart", "deploy"};
    if (std::ranges::find(kKnown, std::string_view(key)) == std::end(kKnown)) {
      return std::unexpected(VersionError{file, value.line, "unknown key '" + key + "'"});
    }
  }
  auto version = std::make_shared<Version>();
  version->name = path.stem().string();
  version->title = text_at(*preset, "title");
  version->deploy.name = version->name;
  version->deploy.version = text_at(*preset, "version");
  version->chart_facts.version = version->name;  // the image's tag: presets of one upstream version differ
  const TomlValue* recorded = preset->get("recorded");
  version->recorded =
      recorded != nullptr && std::holds_alternative<bool>(recorded->value) && std::get<bool>(recorded->value);
  const auto date = parse_date(text_at(*preset, "date"));
  if (!date) return std::unexpected(VersionError{file, 0, "has no valid date"});
  version->date = *date;
  const auto defects = read_defects(*preset, file);
  if (!defects) return std::unexpected(defects.error());
  version->deploy.defects = *defects;
  version->reference = defects->none();
  const auto chart = fill<ChartFacts>(version->chart_facts, kChartFacts, *preset, "chart", file);
  if (!chart) return std::unexpected(chart.error());
  const auto deploy = fill<DeployFacts>(version->deploy.facts, kDeployFacts, *preset, "deploy", file);
  if (!deploy) return std::unexpected(deploy.error());
  apply(*defects, version->chart_facts);
  version->deploy.hash = Hasher().add(version->name).add(bytes.str()).finish();
  version->chart = make_kata_chart(version->chart_facts);
  return version;
}

std::vector<int> numbers_of(std::string_view version) {
  std::vector<int> numbers;
  for (const std::string& part : split(version, '.')) {
    int number = 0;
    std::from_chars(part.data(), part.data() + part.size(), number);
    numbers.push_back(number);
  }
  return numbers;
}

}  // namespace

int compare_versions(std::string_view a, std::string_view b) {
  const std::vector<int> left = numbers_of(a);
  const std::vector<int> right = numbers_of(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

VersionPtr VersionLibrary::find(const std::string& name) const {
  const auto entry = versions.find(name);
  return entry == versions.end() ? nullptr : entry->second;
}

Time VersionLibrary::file_date(Time now) const {
  const auto after = std::ranges::upper_bound(payload_dates, now);
  return after == payload_dates.begin() ? now : *std::prev(after);
}

void plant(VersionLibrary& library, Defect defect, std::shared_ptr<std::atomic<bool>> reached) {
  std::vector<VersionPtr> planted;
  for (const auto& [name, version] : library.versions) {
    if (!version->reference || version->planted) continue;
    auto copy = std::make_shared<Version>(*version);
    copy->planted = true;
    copy->name += "+" + std::string(row_of(defect).id);
    copy->deploy.name = copy->name;
    copy->deploy.hash = Hasher().add(version->deploy.hash).add(copy->name).finish();
    copy->deploy.defects.watch(reached, defect);
    copy->deploy.defects.add(defect);
    if (const auto beside = row_of(defect).beside) copy->deploy.defects.add(*beside);
    // Z26a: a share of that name, which no payload has.
    if (defect == Defect::wrapper_first_come) copy->deploy.facts.qemu_share.erase("qemu-nvidia-gpu");
    copy->chart_facts.version = copy->name;
    apply(copy->deploy.defects, copy->chart_facts);
    copy->chart = make_kata_chart(copy->chart_facts);
    planted.push_back(std::move(copy));
  }
  for (VersionPtr& version : planted) library.versions[version->name] = std::move(version);
}

std::expected<VersionLibrary, VersionError> load_versions(const std::string& folder, const std::string& payload,
                                                          const std::map<std::string, std::string>& payloads) {
  VersionLibrary library;
  std::error_code error;
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  }
  if (error) return std::unexpected(VersionError{folder, 0, error.message()});
  std::ranges::sort(files);
  std::map<std::string, std::shared_ptr<const ImageTree>> images;  // by folder: most versions share one
  for (const fs::path& file : files) {
    auto version = read_version(file);
    if (!version) return std::unexpected(version.error());
    const auto own = payloads.find((*version)->name);
    auto& image = images[own == payloads.end() ? payload : own->second];
    if (!image) {
      auto read = read_image_tree(own == payloads.end() ? payload : own->second);
      if (!read) return std::unexpected(VersionError{read.error().path, read.error().line, read.error().what});
      image = std::move(*read);
    }
    (*version)->deploy.payload = payload_of(*image, (*version)->deploy.version, (*version)->date);
    library.payload_dates.push_back((*version)->date);
    library.versions[(*version)->name] = *version;
  }
  std::ranges::sort(library.payload_dates);
  return library;
}

}  // namespace barnacle
