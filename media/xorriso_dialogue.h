// Xorriso dialogue: what the program xorriso says on its output, taken apart.
//
// With -pkt_output each line begins with its channel and "1:" (R results, I notes and errors, M
// marks): "I:1: xorriso : FAILURE : Cannot acquire drive". Parts of it come from the medium, so
// lines and what is kept of them are bounded.
// Source: xorriso(1), "-pkt_output", "-abort_on" (severities), "-toc".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace courier {

// A disc, as xorriso's -toc shows it.
struct DiscState {
  std::string medium;  // "DVD-R sequential recording"; empty: there is none
  bool is_blank = false;
  std::uint64_t writable_bytes = 0;  // as long as it is blank
};

class XorrisoDialogue {
 public:
  // Takes the next bytes of the output, in pieces of any size.
  void feed(ByteView output);

  // What it called SORRY, MISHAP, FAILURE or worse, in order, without its own name in front;
  // the first kMostProblems.
  const std::vector<std::string>& problems() const { return problems_; }
  // The bytes that it said were written: of "UPDATE :  123 of  953 MB written" the 123.
  std::uint64_t bytes_written() const { return bytes_written_; }
  const DiscState& disc() const { return disc_; }

  static constexpr std::size_t kMostProblems = 8;

 private:
  void line(std::string_view text);
  void note(std::string_view severity, std::string_view text);
  void fact(std::string_view name, std::string_view value);

  std::string line_;
  std::vector<std::string> problems_;
  std::uint64_t bytes_written_ = 0;
  DiscState disc_;
};

}  // namespace courier
