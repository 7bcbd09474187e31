// Table: rows for people, columns as wide as what is in them. No lines drawn; numbers to the right.
// What would be wider than kTableWidth is wrapped within its columns, the widest first.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace courier {

inline constexpr std::size_t kTableWidth = 100;

class Table {
 public:
  // A header that begins with '>' makes a column aligned to the right.
  explicit Table(std::vector<std::string> headers);
  // One cell per header; cells are made printable.
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  // Header and rows, each line ended; `nothing` and a line end when there are no rows. Columns
  // without any content are left out. Numbers are never wrapped, other cells at spaces, else after
  // a mark such as '/' or '-', else anywhere.
  std::string str(std::string_view nothing) const;

 private:
  Table without_empty_columns() const;
  std::vector<std::size_t> widths() const;
  std::string lines() const;

  std::vector<std::string> headers_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

// "label   value" lines, labels padded to the widest; values are wrapped at spaces. A row with an
// empty value is left out.
std::string listing(const std::vector<std::pair<std::string, std::string>>& rows);

// Columns that the text takes on a terminal.
std::size_t display_width(std::string_view utf8);

}  // namespace courier
