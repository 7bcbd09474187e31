#include "courier/table.h"

#include <algorithm>
#include <cwchar>

#include "base/error.h"
#include "courier/report.h"

namespace courier {
namespace {

// Columns that a column of text keeps: first a date's, and fewer only when that is not enough.
constexpr std::size_t kLeastText[] = {20, 14, 8};

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

// The longest beginning of text that takes at most `width` columns, and at least one code point.
std::size_t fitting(std::string_view text, std::size_t width) {
  std::string_view rest = text;
  std::size_t columns = 0;
  while (!rest.empty()) {
    std::string_view after = rest;
    next_code_point(after);
    columns += display_width(rest.substr(0, rest.size() - after.size()));
    if (columns > width && rest.size() < text.size()) break;
    rest = after;
  }
  return text.size() - rest.size();
}

// The text in lines of at most `width` columns, broken at spaces only: what has none stays whole.
std::vector<std::string> wrapped_words(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  while (display_width(text) > width) {
    std::size_t end = text.substr(0, fitting(text, width) + 1).rfind(' ');
    if (end == std::string_view::npos || end == 0) end = text.find(' ', 1);
    if (end == std::string_view::npos) break;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  if (lines.empty() || !text.empty()) lines.emplace_back(text);
  return lines;
}

// The cell in lines of at most `width` columns.
std::vector<std::string> wrapped_cell(std::string_view cell, std::size_t width) {
  std::vector<std::string> lines;
  while (display_width(cell) > width) {
    const std::size_t most = fitting(cell, width);
    std::size_t end = most;
    const std::size_t space = cell.substr(0, most + 1).rfind(' ');
    const std::size_t mark = cell.substr(0, most).find_last_of("/-_.,:;");
    if (space != std::string_view::npos && space > 0) {
      end = space;
    } else if (mark != std::string_view::npos) {
      end = mark + 1;
    }
    lines.emplace_back(cell.substr(0, end));
    cell.remove_prefix(end);
    while (cell.starts_with(' ')) cell.remove_prefix(1);
  }
  if (lines.empty() || !cell.empty()) lines.emplace_back(cell);
  return lines;
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

Table Table::without_empty_columns() const {
  Table full({});
  full.rows_.resize(rows_.size());
  for (std::size_t i = 0; i < headers_.size(); ++i) {
    const bool is_empty =
        std::all_of(rows_.begin(), rows_.end(), [&](const auto& row) { return row[i].empty(); });
    if (is_empty) continue;
    full.headers_.push_back(headers_[i]);
    full.right_.push_back(right_[i]);
    for (std::size_t n = 0; n < rows_.size(); ++n) full.rows_[n].push_back(rows_[n][i]);
  }
  return full;
}

void Table::add(std::vector<std::string> cells) {
  if (cells.size() != headers_.size()) bug("a table row with the wrong number of cells");
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

// As wide as the cells; while that is too wide together, the widest column of text gives way.
std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths;
  for (const std::string& header : headers_) widths.push_back(display_width(header));
  const std::vector<std::size_t> least = widths;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  std::size_t sum = 2 * (widths.size() - 1);
  for (const std::size_t width : widths) sum += width;
  for (const std::size_t least_text : kLeastText) {
    for (; sum > kTableWidth; --sum) {
      std::size_t widest = widths.size();
      for (std::size_t i = 0; i < widths.size(); ++i) {
        if (right_[i] || widths[i] <= std::max(least[i], least_text)) continue;
        if (widest == widths.size() || widths[i] >= widths[widest]) widest = i;
      }
      if (widest == widths.size()) break;
      --widths[widest];
    }
  }
  return widths;
}

std::string Table::str(std::string_view nothing) const {
  if (rows_.empty()) return std::string(nothing) + "\n";
  return without_empty_columns().lines();
}

std::string Table::lines() const {
  const std::vector<std::size_t> widths = this->widths();
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
  for (const auto& row : rows_) {
    std::vector<std::vector<std::string>> wrapped;
    std::size_t lines = 1;
    for (std::size_t i = 0; i < row.size(); ++i) {
      wrapped.push_back(right_[i] ? std::vector<std::string>{row[i]}
                                  : wrapped_cell(row[i], widths[i]));
      lines = std::max(lines, wrapped.back().size());
    }
    for (std::size_t n = 0; n < lines; ++n) {
      std::vector<std::string> cells;
      for (const auto& cell : wrapped) cells.push_back(n < cell.size() ? cell[n] : "");
      line(cells);
    }
  }
  return text;
}

std::string listing(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::size_t width = 0;
  for (const auto& [label, value] : rows) {
    if (!value.empty()) width = std::max(width, display_width(label));
  }
  std::string text;
  for (const auto& [label, value] : rows) {
    if (value.empty()) continue;
    std::string_view before = label;
    const std::size_t room = kTableWidth - std::min(kTableWidth / 2, width + 2);
    for (const std::string& line : wrapped_words(printable(value), room)) {
      text += padded(std::string(before), width, false) + "  " + line + "\n";
      before = "";
    }
  }
  return text;
}

}  // namespace courier
