#include "harness/engine/conform_host.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/base/sha256.h"
#include "sim/deploy/version.h"
#include "sim/host/toml.h"

namespace barnacle {
namespace {

constexpr std::string_view kFirstVersionEditingByValue = "3.23.0";

bool left_out(std::string_view path) {
  static constexpr std::string_view kOfTheSandbox[] = {"usr", "proc", "dev", "run", "tmp", "bin", "sbin", "root"};
  const std::string_view top = path.substr(1, path.find('/', 1) - 1);
  return top.starts_with("lib") || std::ranges::find(kOfTheSandbox, top) != std::end(kOfTheSandbox);
}

std::string kind_and_mode(FileKind kind, std::uint16_t mode) {
  if (kind == FileKind::symlink) return "l";
  return fmt::format("{} {:04o}", kind == FileKind::directory ? 'd' : 'f', mode);
}

std::string shown(const TomlValue* value) {
  if (value == nullptr) return "nothing";
  if (value->is_table()) return "a table";
  // Only tables can be written by themselves.
  TomlValue holder = toml_table();
  holder.set({"value"}, *value);
  std::string text = write_toml(holder);
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(std::min(text.size(), std::string_view("value = ").size()));
}

std::string differing_key(const TomlValue& recorded, const TomlValue& model, const std::string& where) {
  std::set<std::string> keys;
  for (const TomlValue* table : {&recorded, &model}) {
    for (const auto& [key, value] : table->table()) keys.insert(key);
  }
  for (const std::string& key : keys) {
    const TomlValue* left = recorded.get(key);
    const TomlValue* right = model.get(key);
    if (left != nullptr && right != nullptr && left->equals(*right)) continue;
    const std::string here = where.empty() ? key : where + "." + key;
    if (left != nullptr && right != nullptr && left->is_table() && right->is_table())
      return differing_key(*left, *right, here);
    return fmt::format("{}: recorded {}, model {}", here, shown(left), shown(right));
  }
  return "nothing";
}

// Why two texts are not equal by value; empty when they are.
std::string difference_by_value(const std::string& recorded, const std::string& model) {
  const auto left = parse_toml(recorded);
  if (!left) return fmt::format("the recorded text is no TOML: {}", left.error().what);
  const auto right = parse_toml(model);
  if (!right) return fmt::format("the model's text is no TOML: {}", right.error().what);
  return left->equals(*right) ? "" : differing_key(*left, *right, "");
}

std::string differing_line(std::string_view recorded, std::string_view model) {
  for (int number = 1;; ++number) {
    const std::string_view left = recorded.substr(0, recorded.find('\n'));
    const std::string_view right = model.substr(0, model.find('\n'));
    const bool ends = left.size() == recorded.size() || right.size() == model.size();
    if (left != right || ends) return fmt::format("line {}: recorded '{}', model '{}'", number, left, right);
    recorded.remove_prefix(left.size() + 1);
    model.remove_prefix(right.size() + 1);
  }
}

struct Comparison {
  const Listing& recorded;
  const std::string& version;
  const ImageText& image;
  Fingerprints& fingerprints;
  HostComparison result = {};

  void differs(const std::string& path, const std::string& how) { result.differences.push_back(path + ": " + how); }

  void compare_text(const std::string& path, const ListingEntry& entry, const Node& node) {
    if (fingerprints.of(node.blob) == entry.sha256) {
      ++result.files_by_bytes;
      return;
    }
    const std::optional<std::string> pristine = image(path);
    const auto text = recorded_text(recorded, path, pristine);
    const bool differs_from_image = pristine && sha256_hex(*pristine) != entry.sha256;
    if (!text)
      return differs(path,
                     fmt::format("its bytes ({}, model {}); {}", entry.size, node.blob->bytes.size(), text.error()));
    if (!compared_by_value(path, version, differs_from_image))
      return differs(path, differing_line(*text, node.blob->bytes));
    const std::string difference = difference_by_value(*text, node.blob->bytes);
    if (!difference.empty()) return differs(path, difference);
    ++result.files_by_value;
  }

  void compare_entry(const std::string& path, const ListingEntry& entry, const Node& node) {
    ++result.entries;
    const bool has_mode = entry.kind != FileKind::symlink;
    if (entry.kind != node.kind || (has_mode && entry.mode != node.attributes.mode)) {
      differs(path, fmt::format("recorded {}, model {}", kind_and_mode(entry.kind, entry.mode),
                                kind_and_mode(node.kind, node.attributes.mode)));
    }
    if (entry.kind != node.kind) return;
    if (entry.kind == FileKind::file) compare_text(path, entry, node);
    if (entry.kind == FileKind::symlink && entry.target != node.blob->bytes) {
      differs(path, fmt::format("recorded -> {}, model -> {}", entry.target, node.blob->bytes));
    }
  }
};

}  // namespace

const std::string& Fingerprints::of(const Blob* blob) {
  std::string& known = known_[blob];
  if (known.empty()) known = sha256_hex(blob->bytes);
  return known;
}

bool compared_by_value(const std::string& path, const std::string& version, bool differs_from_image) {
  const std::string_view name = base_name(path);
  const std::string_view folder = parent_path(path);
  const bool of_containerd = base_name(folder) == "containerd";
  if (of_containerd && (name == "config.toml" || name.ends_with(".toml.tmpl"))) return true;
  if (name == "kata-deploy.toml" && base_name(folder) == "config.d") return true;
  const bool of_a_shim = name.starts_with("configuration-") && name.ends_with(".toml");
  return of_a_shim && differs_from_image && compare_versions(version, kFirstVersionEditingByValue) >= 0;
}

HostComparison compare_host(const FileTree& model, const Listing& recorded, const std::string& version,
                            const ImageText& image, Fingerprints& fingerprints) {
  Comparison comparison{recorded, version, image, fingerprints};
  std::set<std::string> present;
  walk(model.root(), [&](const std::string& path, const Node& node) {
    if (left_out(path)) return;
    present.insert(path);
    const auto entry = recorded.entries.find(path);
    if (entry == recorded.entries.end()) return comparison.differs(path, "is not recorded, and the model has it");
    comparison.compare_entry(path, entry->second, node);
  });
  for (const auto& [path, entry] : recorded.entries) {
    if (!left_out(path) && !present.contains(path)) comparison.differs(path, "is recorded, and the model has it not");
  }
  return std::move(comparison.result);
}

}  // namespace barnacle
