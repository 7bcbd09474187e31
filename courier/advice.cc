#include "courier/advice.h"

#include <algorithm>
#include <cctype>

#include "courier/needs.h"

namespace courier {
namespace {

constexpr std::string_view kProgram = "courier ";
constexpr std::string_view kBare =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:@%";

// Of the command line, for the whole run.
std::string& home_of_advice() {
  static std::string home;
  return home;
}

bool is_letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-'; }

// As a shell reads it.
std::string quoted(const std::string& word) {
  if (!word.empty() && word.find_first_not_of(kBare) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

// Whether `text` begins with a command that takes a home.
bool begins_with_command(std::string_view text) {
  return std::ranges::any_of(needs_table(), [&](const Needs& row) {
    return row.home != NeedsHome::none && text.starts_with(row.command) &&
           (text.size() == row.command.size() || !is_letter(text[row.command.size()]));
  });
}

}  // namespace

void advise_for_home(const std::string& home) { home_of_advice() = home; }

std::string advised(std::string_view text) {
  const std::string& home = home_of_advice();
  if (home.empty()) return std::string(text);
  std::string result;
  for (std::size_t begin = 0;;) {
    const std::size_t at = text.find(kProgram, begin);
    if (at == std::string_view::npos) return result.append(text.substr(begin));
    const std::size_t behind = at + kProgram.size();
    result.append(text.substr(begin, behind - begin));
    const bool is_word = at == 0 || !is_letter(text[at - 1]);
    if (is_word && begins_with_command(text.substr(behind))) {
      result += "--home " + quoted(home) + " ";
    }
    begin = behind;
  }
}

}  // namespace courier
