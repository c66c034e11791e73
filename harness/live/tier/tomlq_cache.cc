#include "harness/live/tier/tomlq_cache.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>

#include "harness/live/tier/child_process.h"
#include "harness/scenario/file.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostEntries = 20'000;
constexpr std::size_t kLargestEntry = std::size_t{4} << 20;
// jq's words for what lies outside its input.
constexpr std::array<std::string_view, 10> kLooksOutside = {
    "env", "input", "inputs", "input_filename", "input_line_number", "import", "include", "now", "localtime", "mktime"};

bool continues_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// ".imports" is a key, "import" a word.
bool has_word(std::string_view filter, std::string_view word) {
  for (std::size_t at = filter.find(word); at != std::string_view::npos; at = filter.find(word, at + 1)) {
    const char before = at == 0 ? ' ' : filter[at - 1];
    const std::size_t end = at + word.size();
    if (before != '.' && !continues_name(before) && (end == filter.size() || !continues_name(filter[end]))) return true;
  }
  return false;
}

bool looks_outside(std::string_view filter) {
  return filter.contains("$ENV") || filter.contains("$__") ||
         std::ranges::any_of(kLooksOutside, [&](std::string_view word) { return has_word(filter, word); });
}

// A file's identity without its contents.
void add_file(Hasher& hasher, const fs::path& path) {
  struct ::stat status{};
  if (::stat(path.c_str(), &status) != 0) return;
  hasher.add(std::string_view(path.native())).add(static_cast<std::uint64_t>(status.st_size));
  hasher.add(static_cast<std::uint64_t>(status.st_mtim.tv_sec));
}

// Options, a filter, and one file that was sent along.
bool is_plain(const StandInCall& call) {
  if (call.argv.size() < 3 || call.files.size() != 1 || !call.files.contains(call.argv.back())) return false;
  for (std::size_t i = 1; i + 2 < call.argv.size(); ++i) {
    if (call.argv[i] != "-i" && call.argv[i] != "-t" && call.argv[i] != "-r") return false;
  }
  const std::string& filter = call.argv[call.argv.size() - 2];
  return !filter.starts_with("-") && !looks_outside(filter);
}

}  // namespace

TomlqCache::TomlqCache(fs::path venv, fs::path folder, fs::path scratch)
    : venv_(std::move(venv)), folder_(std::move(folder)), scratch_(std::move(scratch)) {
  std::error_code error;
  fs::create_directories(folder_, error);
  fs::create_directories(scratch_, error);
  Hasher hasher;
  for (const char* program : {"/usr/bin/jq", "/usr/bin/python3"}) add_file(hasher, program);
  add_file(hasher, venv_ / "bin/tomlq");
  for (const fs::directory_entry& python : fs::directory_iterator(venv_ / "lib", error)) {
    std::vector<fs::path> packages;
    for (const fs::directory_entry& package : fs::directory_iterator(python.path() / "site-packages", error))
      packages.push_back(package.path());
    std::ranges::sort(packages);
    for (const fs::path& package : packages) add_file(hasher, package);
  }
  tool_ = hasher.finish();
  const auto entries = std::distance(fs::directory_iterator(folder_, error), fs::directory_iterator());
  if (entries > static_cast<std::ptrdiff_t>(kMostEntries)) {
    fs::remove_all(folder_, error);
    fs::create_directories(folder_, error);
  }
}

std::optional<Answer> TomlqCache::answer(const StandInCall& call) {
  if (!is_plain(call)) return std::nullopt;
  Hasher hasher;
  hasher.add(tool_);
  for (std::size_t i = 1; i + 1 < call.argv.size(); ++i) hasher.add(std::string_view(call.argv[i]));
  const Hash128 key = hasher.add(std::string_view(call.files.at(call.argv.back()))).finish();
  auto known = known_.find(key);
  if (known == known_.end()) {
    auto found = read(key);
    if (!found) {
      found = ask_the_real_one(call);
      if (!found) return std::nullopt;
      write(key, *found);
    }
    known = known_.emplace(key, std::move(*found)).first;
  }
  Answer answer = known->second;
  if (!answer.write.empty()) answer.write = call.argv.back();
  return answer;
}

std::optional<Answer> TomlqCache::ask_the_real_one(const StandInCall& call) const {
  const fs::path file = scratch_ / "input.toml";
  std::ofstream(file, std::ios::binary) << call.files.at(call.argv.back());
  fs::last_write_time(file, fs::file_time_type{});  // a write shows by its date
  ChildProcess::Spec spec{
      .argv = call.argv, .env = {{"PATH", "/usr/bin:/bin"}, {"HOME", scratch_.string()}}, .folder = scratch_};
  spec.argv.front() = (venv_ / "bin/tomlq").string();
  spec.argv.back() = file.string();
  auto process = ChildProcess::start(spec);
  if (!process) return std::nullopt;
  while (!process->ended()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  Answer answer{.exit = *process->ended(), .out = process->standard_output(), .err = process->standard_error()};
  const std::string name = file.string();
  if (answer.out.contains(name) || answer.err.contains(name)) return std::nullopt;
  if (fs::last_write_time(file) != fs::file_time_type{}) {
    answer.write = "the file";
    answer.contents = read_file(name, kLargestEntry).value_or("");
  }
  return answer;
}

std::optional<Answer> TomlqCache::read(Hash128 key) const {
  const auto text = read_file((folder_ / to_hex(key)).string(), kLargestEntry);
  const auto json = text ? nlohmann::json::from_cbor(*text, true, false) : nlohmann::json();
  if (!json.is_array() || json.size() != 5 || !json[0].is_number_integer()) return std::nullopt;
  return Answer{.exit = json[0], .out = json[1], .err = json[2], .write = json[3], .contents = json[4]};
}

// Whole or not at all, whoever else writes the same.
void TomlqCache::write(Hash128 key, const Answer& answer) const {
  const auto bytes = nlohmann::json::to_cbor(
      nlohmann::json::array({answer.exit, answer.out, answer.err, answer.write, answer.contents}));
  std::string name = (folder_ / "new-XXXXXX").string();
  const int file = ::mkstemp(name.data());
  if (file < 0) return;
  const bool whole = ::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  ::close(file);
  if (!whole || ::rename(name.c_str(), (folder_ / to_hex(key)).c_str()) != 0) ::unlink(name.c_str());
}

}  // namespace barnacle
