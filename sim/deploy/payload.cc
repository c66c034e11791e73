#include "sim/deploy/payload.h"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unordered_map>

#include "sim/deploy/version.h"
#include "sim/host/toml.h"

namespace barnacle {

struct ImageTree {
  // payload.toml.
  struct Manifest {
    struct Rule {
      std::string path;  // glob, over the path below the payload's root or "runtimeclasses/NAME"
      std::string since;
      std::string before;
    };
    bool present = false;
    std::vector<Rule> only;
    std::vector<std::string> executable;
  };
  Manifest manifest;
  // As in Payload, of every version.
  std::vector<PayloadEntry> entries;
  std::set<std::string> runtime_classes;
};

namespace {

namespace fs = std::filesystem;
using Manifest = ImageTree::Manifest;

bool matches(const std::string& pattern, const std::string& path) {
  return fnmatch(pattern.c_str(), path.c_str(), 0) == 0;
}

std::string text_of(const TomlValue& table, std::string_view key) {
  const TomlValue* value = table.get(key);
  return value != nullptr && value->is_string() ? value->string() : "";
}

std::expected<std::string, PayloadError> read_bytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected(PayloadError{path.string(), 0, "cannot be read"});
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::expected<Manifest, PayloadError> read_manifest(const fs::path& path) {
  Manifest manifest;
  if (!fs::exists(path)) return manifest;
  manifest.present = true;
  const auto bytes = read_bytes(path);
  if (!bytes) return std::unexpected(bytes.error());
  const auto parsed = parse_toml(*bytes);
  if (!parsed) return std::unexpected(PayloadError{path.string(), parsed.error().line, parsed.error().what});
  if (const TomlValue* only = parsed->get("only"); only != nullptr && only->is_array()) {
    for (const TomlValue& rule : only->array()) {
      manifest.only.push_back({text_of(rule, "path"), text_of(rule, "since"), text_of(rule, "before")});
    }
  }
  if (const TomlValue* executable = parsed->get("executable"); executable != nullptr && executable->is_array()) {
    for (const TomlValue& glob : executable->array()) manifest.executable.push_back(glob.string());
  }
  return manifest;
}

bool has_path(const Manifest& manifest, const std::string& path, const std::string& version) {
  return std::ranges::all_of(manifest.only, [&](const Manifest::Rule& rule) {
    if (!matches(rule.path, path)) return true;
    const bool early = !rule.since.empty() && compare_versions(version, rule.since) < 0;
    const bool late = !rule.before.empty() && compare_versions(version, rule.before) >= 0;
    return !early && !late;
  });
}

void put_version(std::string& text, const std::string& version) {
  constexpr std::string_view kMark = "@VERSION@";
  for (std::size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at)) {
    text.replace(at, kMark.size(), version);
  }
}

// Where a file system or an archive keeps no symbolic links, git writes the target's name into a plain file.
bool stands_for_link(const fs::directory_entry& entry, const std::string& text) {
  constexpr std::size_t kNameMax = 255;
  if (text.empty() || text.size() > kNameMax || text.find_first_of("\n/ ") != std::string::npos) return false;
  std::error_code error;
  return text != entry.path().filename().string() && fs::exists(entry.path().parent_path() / text, error);
}

std::expected<PayloadEntry, PayloadError> read_entry(const fs::directory_entry& entry, const std::string& path,
                                                     const Manifest& manifest) {
  PayloadEntry read{.path = path};
  if (entry.is_symlink()) {
    read.kind = FileKind::symlink;
    read.mode = 0777;
    read.text = fs::read_symlink(entry.path()).string();
    return read;
  }
  if (entry.is_directory()) {
    read.kind = FileKind::directory;
    read.mode = 0755;
    return read;
  }
  auto bytes = read_bytes(entry.path());
  if (!bytes) return std::unexpected(bytes.error());
  read.text = std::move(*bytes);
  if (stands_for_link(entry, read.text)) {
    read.kind = FileKind::symlink;
    read.mode = 0777;
    return read;
  }
  // As git keeps them: a checkout may be read-only, an image is not.
  const bool executable = (entry.status().permissions() & fs::perms::owner_exec) != fs::perms::none;
  read.mode = executable ? 0755 : 0644;
  if (manifest.present) {
    read.mode = 0644;
    for (const std::string& glob : manifest.executable) {
      if (matches(glob, path)) read.mode = 0755;
    }
  }
  return read;
}

struct PayloadTrees {
  std::unordered_map<const Payload*, PayloadTree> trees;
};

}  // namespace

std::expected<std::shared_ptr<const ImageTree>, PayloadError> read_image_tree(const std::string& folder) {
  const fs::path root = fs::path(folder) / "opt" / "kata";
  std::error_code error;
  if (!fs::is_directory(root, error)) return std::unexpected(PayloadError{root.string(), 0, "is no directory"});
  auto manifest = read_manifest(fs::path(folder) / "payload.toml");
  if (!manifest) return std::unexpected(manifest.error());
  auto image = std::make_shared<ImageTree>();
  image->manifest = std::move(*manifest);
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
    const std::string path = entry.path().lexically_relative(root).string();
    if (path.ends_with(".gitkeep")) continue;
    auto read = read_entry(entry, path, image->manifest);
    if (!read) return std::unexpected(read.error());
    image->entries.push_back(std::move(*read));
  }
  std::ranges::sort(image->entries, {}, &PayloadEntry::path);
  const fs::path classes = fs::path(folder) / "runtimeclasses";
  if (fs::is_directory(classes, error)) {
    for (const fs::directory_entry& entry : fs::directory_iterator(classes))
      image->runtime_classes.insert(entry.path().stem().string());
  }
  return image;
}

PayloadPtr payload_of(const ImageTree& image, const std::string& version, Time date) {
  auto payload =
      std::make_shared<Payload>(Payload{.version = version, .date = date, .entries = {}, .runtime_classes = {}});
  for (const PayloadEntry& entry : image.entries) {
    if (!has_path(image.manifest, entry.path, version)) continue;
    payload->entries.push_back(entry);
    if (image.manifest.present && entry.kind == FileKind::file) put_version(payload->entries.back().text, version);
  }
  for (const std::string& name : image.runtime_classes) {
    if (has_path(image.manifest, "runtimeclasses/" + name, version)) payload->runtime_classes.insert(name);
  }
  return payload;
}

std::expected<PayloadPtr, PayloadError> load_payload(const std::string& folder, const std::string& version, Time date) {
  const auto image = read_image_tree(folder);
  if (!image) return std::unexpected(image.error());
  return payload_of(**image, version, date);
}

const PayloadTree& payload_tree(Store& store, const Payload& payload) {
  auto& trees = store.attachment<PayloadTrees>().trees;
  const auto known = trees.find(&payload);
  if (known != trees.end()) return known->second;
  FileTree files(store, payload.date);
  for (const PayloadEntry& entry : payload.entries) {
    const std::string path = "/" + entry.path;
    if (entry.kind == FileKind::directory) (void)files.make_directories(path, payload.date, entry.mode);
    else if (entry.kind == FileKind::symlink) (void)files.make_symlink(path, entry.text, payload.date);
    else (void)files.put(path, store.intern(entry.text), Attributes{.mode = entry.mode, .mtime = payload.date});
  }
  PayloadTree tree{.root = files.root()};
  for (const PayloadEntry& entry : payload.entries)
    tree.nodes.push_back(files.find("/" + entry.path, Follow::no).value());
  return trees.emplace(&payload, std::move(tree)).first->second;
}

}  // namespace barnacle
