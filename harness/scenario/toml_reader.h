// Typed reading of TOML tables that notes what is wrong: the first error counts, reading goes on with defaults.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/scenario_toml.h"
#include "harness/scenario/steps.h"
#include "sim/host/toml.h"

namespace barnacle {

// The first error of a file.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  void add(int line, std::string_view key, std::string what, std::string_view suggestion = {});
  // A name that is none of `names`, with the nearest of them.
  void add_unknown(int line, std::string_view key, std::string_view kind, std::string_view name, Names names);
  const std::optional<InputError>& first() const { return first_; }

 private:
  std::string file_;
  std::optional<InputError> first_;
};

// One table. A key that is not given leaves what is read into as it was.
class TableReader {
 public:
  // `where` names the table in errors: "an install step". Every key of the table must be one of `keys`.
  TableReader(Problems& problems, const TomlValue& table, std::string where, std::vector<std::string_view> keys);

  int line() const { return table_.line; }
  Problems& problems() const { return problems_; }
  const TomlValue* find(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }

  void require(Names keys) const;
  void text(std::string_view key, std::string& into) const;
  // A text that is one of `names`; its index.
  std::optional<std::size_t> one_of(std::string_view key, std::string_view kind, Names names) const;
  void flag(std::string_view key, bool& into) const;
  void number(std::string_view key, int& into, int least, int greatest = std::numeric_limits<int>::max()) const;
  void texts(std::string_view key, std::vector<std::string>& into) const;
  void strings(std::string_view key, Strings& into) const;
  void date(std::string_view key, std::optional<Time>& into) const;
  void duration(std::string_view key, Time& into) const;
  // A table of anything.
  void values(std::string_view key, std::optional<Values>& into) const;
  // The tables of [[key]]; an error where it is something else.
  std::vector<const TomlValue*> tables(std::string_view key) const;

  void error(std::string_view key, std::string what) const;

 private:
  void check_keys() const;

  Problems& problems_;
  const TomlValue& table_;
  std::string where_;
  std::vector<std::string_view> keys_;
};

}  // namespace barnacle
