// What a build of kata-containers writes in place of @NAME@ into its configuration templates.
#pragma once

#include <expected>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace barnacle {

enum class TemplateTree { go, rust };

class TemplateValues {
 public:
  // Those of `version`, from a file like fixtures/kata/variables.toml. The error is one line with file and line.
  static std::expected<TemplateValues, std::string> load(const std::filesystem::path& file, const std::string& version);

  // A name that has no value stays as it is.
  std::string fill(std::string_view text, TemplateTree tree) const;

 private:
  std::map<TemplateTree, std::map<std::string, std::string, std::less<>>> values_;
};

}  // namespace barnacle
