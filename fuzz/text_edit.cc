// Edits of configuration text and of TOML, on any text. The first byte draws the edit's words, the rest is the text.
#include "sim/deploy/text_edit.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "fuzz/target.h"
#include "harness/scenario/choices.h"
#include "sim/deploy/runtime_text.h"

namespace barnacle::fuzz {
namespace {

constexpr std::string_view kImport = "/opt/kata/containerd/config.d/kata-deploy.toml";
constexpr std::string_view kOwner = "fuzz-release";
constexpr std::string_view kBody = "[fuzz_block]\nb = 1\n";
constexpr std::array<std::string_view, 5> kKeys{"key", "imports", "kernel_params", "enable_annotations", "path"};

std::string edited(Store& store, std::string_view text, const TextEdit& edit) {
  return apply_edit(store, store.intern(text), edit)->bytes;
}

// --- edits of lines ---

std::vector<TextEdit> line_edits(const std::string& key) {
  return {substitute_all("/opt/kata", "/x"),
          substitute_first_per_line("/opt/kata", "/opt/kata-a"),
          append_to_string(key, "+"),
          append_to_list(key, "\"+\""),
          set_list(key, "1"),
          set_line(key, "1", Commented::also),
          relocate_paths("/opt/kata", "/opt/kata-a")};
}

void check_lines_stay(std::string_view text, const std::string& key) {
  Store store;
  for (const TextEdit& edit : line_edits(key)) {
    const std::string after = edited(store, text, edit);
    require(std::ranges::count(after, '\n') == std::ranges::count(text, '\n'),
            "an edit keeps the number of lines:\n{}\n--- became\n{}", text, after);
    require(after.ends_with('\n') == text.ends_with('\n'), "an edit keeps the newline at the end:\n{}\n--- became\n{}",
            text, after);
    require(after.empty() == text.empty(), "an edit makes nothing out of nothing");
  }
}

void check_twice_is_once(std::string_view text, const std::string& key) {
  Store store;
  for (const TextEdit& edit : {relocate_paths("/opt/kata", "/opt/kata-a"), set_list(key, "1"),
                               set_line(key, "1", Commented::also), set_line(key, "1", Commented::only),
                               set_line(key, "1", Commented::never), append_to_string(key, " a=b", "a=b")}) {
    const std::string once = edited(store, text, edit);
    require(edited(store, once, edit) == once, "an edit made twice is the edit made once:\n{}\n--- became\n{}", text,
            once);
  }
}

// --- TOML by value ---

void check_layout(const TomlValue& value) {
  const std::string text = write_toml(value);
  const auto again = parse_toml(text);
  if (!again) return require(false, "a file that was laid out anew parses: {}\n{}", again.error().what, text);
  require(hash_of(*again) == hash_of(value), "a file that was laid out anew says the same:\n{}", text);
  require(write_toml(*again) == text, "laying out twice is laying out once:\n{}", text);
}

// Whether set() may put something there: all on the way that is there is a table.
bool can_hold(const TomlValue& root, std::span<const std::string> path) {
  const TomlValue* at = &root;
  for (const std::string& key : path.first(path.size() - 1)) {
    at = at->get(key);
    if (at == nullptr) return true;
    if (!at->is_table()) return false;
  }
  return true;
}

void check_set_value(std::string_view text, const TomlValue& before, const std::vector<std::string>& path) {
  if (!can_hold(before, path)) return;
  Store store;
  const TextEdit edit = set_value(path, toml_string("/opt/kata/bin"));
  const std::string once = edited(store, text, edit);
  const auto after = parse_toml(once);
  if (!after) return require(false, "a file with a value set parses: {}\n{}", after.error().what, once);
  const TomlValue* found = &*after;
  for (const std::string& key : path) found = found == nullptr ? nullptr : found->get(key);
  require(found != nullptr && found->is_string() && found->string() == "/opt/kata/bin",
          "the value that was set is there:\n{}", once);
  require(edited(store, once, edit) == once, "a value set twice is set once:\n{}", once);
}

// --- the operator's file ---

// The strings of `imports`; nothing where it is no list of strings.
std::optional<std::vector<std::string>> imports_of(const TomlValue& file) {
  std::vector<std::string> imports;
  const TomlValue* list = file.get("imports");
  if (list == nullptr) return imports;
  if (!list->is_array()) return std::nullopt;
  for (const TomlValue& item : list->array()) {
    if (!item.is_string()) return std::nullopt;
    imports.push_back(item.string());
  }
  return imports;
}

// What stands for something of a release already, or hides a key behind an escape, is no operator's file. Nor is one
// with a byte order mark: TOML 1.0 knows none, though toml11 reads over it.
bool is_operators(std::string_view text) {
  return !text.starts_with("\xef\xbb\xbf") && !text.contains(kImport) && !text.contains("kata-deploy") &&
         !text.contains("\\u") && !text.contains("\\U");
}

void check_import(std::string_view text, const TomlValue& before) {
  auto expected = imports_of(before);
  if (!expected || !is_operators(text)) return;
  const auto added = add_import(text, kImport);
  if (!added) return require(false, "a list of imports takes one more:\n{}", text);
  const auto after = parse_toml(*added);
  if (!after) return require(false, "a file with an import more parses: {}\n{}", after.error().what, *added);
  expected->emplace_back(kImport);
  require(imports_of(*after) == expected, "the import stands behind all others:\n{}", *added);
  require(add_import(*added, kImport) == *added, "an import is added once:\n{}", *added);
  require(remove_import(*added, kImport) == text,
          "removing the import gives the file byte for byte:\n{}\n--- with it\n{}", text, *added);
}

void check_block(std::string_view text, bool parses) {
  if (text.contains("# BEGIN ") || text.contains("# END ") || text.contains("fuzz_block")) return;
  const std::string put = put_block(text, kOwner, kBody);
  require(put_block(put, kOwner, kBody) == put, "a block is put once:\n{}", put);
  require(remove_block(put, kOwner) == text, "removing the block gives the file byte for byte:\n{}\n--- with it\n{}",
          text, put);
  if (parses) require(parse_toml(put).has_value(), "a file with a block parses:\n{}", put);
}

void check_text(std::string_view text, Choices& choices) {
  const std::string key(choices.pick_from(kKeys));
  check_lines_stay(text, key);
  check_twice_is_once(text, key);
  const auto parsed = parse_toml(text);
  check_block(text, parsed.has_value());
  if (!parsed) return;
  check_layout(*parsed);
  check_set_value(text, *parsed, {"hypervisor", "qemu", key});
  check_set_value(text, *parsed, {key});
  check_import(text, *parsed);
}

}  // namespace
}  // namespace barnacle::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  barnacle::BytesChoices choices({data, 1});
  barnacle::fuzz::check_text(barnacle::fuzz::text_of(data + 1, size - 1), choices);
  return 0;
}
