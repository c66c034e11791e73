#include "harness/engine/conform_host.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/engine/text_difference.h"
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

std::string recorded_and_model(const TextDifference& difference) {
  return fmt::format("{}: recorded {}, model {}", difference.at, difference.left, difference.right);
}

TextDifference quoted(const TextDifference& lines) {
  return {lines.at, fmt::format("'{}'", lines.left), fmt::format("'{}'", lines.right)};
}

// Why two texts are not equal by value; empty when they are.
std::string difference_by_value(const std::string& recorded, const std::string& model) {
  const auto left = parse_toml(recorded);
  if (!left) return fmt::format("the recorded text is no TOML: {}", left.error().what);
  const auto right = parse_toml(model);
  if (!right) return fmt::format("the model's text is no TOML: {}", right.error().what);
  const TextDifference difference = differing_key(*left, *right);
  return difference.at.empty() ? "" : recorded_and_model(difference);
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
      return differs(path, recorded_and_model(quoted(differing_line(*text, node.blob->bytes))));
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
