#include "harness/report/table.h"

#include <algorithm>

#include "harness/report/words.h"

namespace barnacle {
namespace {

void trim_end(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

std::string padded(const std::string& cell, std::size_t width, Table::Align align) {
  const std::string blanks(width - std::min(width, columns(cell)), ' ');
  return align == Table::Align::right ? blanks + cell : cell + blanks;
}

}  // namespace

void Table::add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::text(std::string_view indent) const {
  std::vector<std::string> titles;
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    titles.push_back(columns_[column].title);
    std::size_t width = columns(titles.back());
    for (const auto& row : rows_) width = std::max(width, columns(row[column]));
    widths.push_back(width);
  }
  std::string out;
  const auto write = [&](const std::vector<std::string>& row) {
    std::string line(indent);
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (column > 0) line += "  ";
      line += padded(row[column], widths[column], columns_[column].align);
    }
    trim_end(line);
    out += line + "\n";
  };
  write(titles);
  for (const auto& row : rows_) write(row);
  return out;
}

}  // namespace barnacle
