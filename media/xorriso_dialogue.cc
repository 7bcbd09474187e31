#include "media/xorriso_dialogue.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace courier {

namespace {

constexpr std::size_t kMaxLine = 4096;  // what goes beyond is cut off
constexpr std::uint64_t kSector = 2048;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// Takes what stands before `mark` off the text, and the mark; all of it when there is none.
std::string_view take_until(std::string_view& text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  const std::string_view head = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + mark.size());
  return trimmed(head);
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, value);
  if (fault != std::errc() || stop != end || value > UINT64_MAX >> 20) return std::nullopt;
  return value;
}

}  // namespace

void XorrisoDialogue::feed(ByteView output) {
  for (const char c : as_text(output)) {
    if (c == '\n') {
      line(line_);
      line_.clear();
    } else if (line_.size() < kMaxLine) {
      line_.push_back(c);
    }
  }
}

void XorrisoDialogue::line(std::string_view text) {
  if (text.size() < 4 || text.substr(1, 3) != ":1:") return;
  text = trimmed(text.substr(4));
  // "xorriso : FAILURE : what happened", "libburn : SORRY : ...", "Media blocks : ..."
  const std::string_view name = take_until(text, ":");
  static constexpr std::array<std::string_view, 3> kSpeakers{"xorriso", "libburn", "libisofs"};
  if (std::ranges::find(kSpeakers, name) != kSpeakers.end()) {
    const std::string_view severity = take_until(text, ":");
    note(severity, trimmed(text));
  } else {
    fact(name, trimmed(text));
  }
}

void XorrisoDialogue::note(std::string_view severity, std::string_view text) {
  static constexpr std::array<std::string_view, 5> kProblems{"SORRY", "MISHAP", "FAILURE", "FATAL",
                                                             "ABORT"};
  if (std::ranges::find(kProblems, severity) != kProblems.end()) {
    if (problems_.size() < kMostProblems) problems_.push_back(escaped(text));
    return;
  }
  if (severity != "UPDATE") return;
  const auto megabytes = number_of(take_until(text, " of "));
  if (megabytes && text.find("MB written") != std::string_view::npos) {
    bytes_written_ = std::max(bytes_written_, *megabytes << 20);
  }
}

void XorrisoDialogue::fact(std::string_view name, std::string_view value) {
  if (name == "Media current") {
    disc_.medium = value == "is not recognizable" ? "" : escaped(value);
  } else if (name == "Media status") {
    disc_.is_blank = value == "is blank";
  } else if (name == "Media blocks") {
    // "0 readable , 2048 writable , 2048 overall"
    while (!value.empty()) {
      std::string_view part = take_until(value, ",");
      const auto blocks = number_of(take_until(part, " "));
      if (blocks && trimmed(part) == "writable") disc_.writable_bytes = *blocks * kSector;
    }
  }
}

}  // namespace courier
