// Plain text tables: columns as wide as their widest cell, two blanks between them.
#pragma once

#include <string>
#include <vector>

namespace barnacle {

class Table {
 public:
  enum class Align : bool { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell for each column; missing ones are empty.
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  // The titles and all rows, every line ended. No blanks at the end of a line.
  std::string text(std::string_view indent = "") const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// For columns of numbers.
inline constexpr Table::Align kRight = Table::Align::right;

}  // namespace barnacle
