#include "courier/table.h"

#include <algorithm>
#include <cwchar>

#include "base/error.h"
#include "courier/report.h"

namespace courier {
namespace {

std::string padded(const std::string& cell, std::size_t width, bool right) {
  const std::size_t has = display_width(cell);
  const std::string fill(width > has ? width - has : 0, ' ');
  return right ? fill + cell : cell + fill;
}

// Takes the next code point off valid UTF-8.
char32_t next_code_point(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  char32_t point = length == 1 ? lead : lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length && i < text.size(); ++i) {
    point = (point << 6) | (static_cast<unsigned char>(text[i]) & 0x3fU);
  }
  text.remove_prefix(std::min(length, text.size()));
  return point;
}

}  // namespace

std::size_t display_width(std::string_view utf8) {
  std::size_t width = 0;
  while (!utf8.empty()) {
    const int columns = wcwidth(static_cast<wchar_t>(next_code_point(utf8)));
    width += columns < 0 ? 1 : static_cast<std::size_t>(columns);
  }
  return width;
}

Table::Table(std::vector<std::string> headers) : headers_(std::move(headers)) {
  for (std::string& header : headers_) {
    right_.push_back(header.starts_with('>'));
    if (right_.back()) header.erase(0, 1);
  }
}

void Table::add(std::vector<std::string> cells) {
  if (cells.size() != headers_.size()) bug("a table row with the wrong number of cells");
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::str(std::string_view nothing) const {
  if (rows_.empty()) return std::string(nothing) + "\n";
  std::vector<std::size_t> widths;
  for (const std::string& header : headers_) widths.push_back(display_width(header));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  std::string text;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) out += "  ";
      out += padded(cells[i], widths[i], right_[i]);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    text += out + "\n";
  };
  line(headers_);
  for (const auto& row : rows_) line(row);
  return text;
}

std::string listing(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::size_t width = 0;
  for (const auto& [label, value] : rows) {
    if (!value.empty()) width = std::max(width, display_width(label));
  }
  std::string text;
  for (const auto& [label, value] : rows) {
    if (!value.empty()) text += padded(label, width, false) + "  " + printable(value) + "\n";
  }
  return text;
}

}  // namespace courier
