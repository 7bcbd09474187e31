// The words that fingerprints are shown in.
#pragma once

#include <array>
#include <string_view>

namespace courier {

// 2048 lower-case words, sorted; a word stands for 11 bits, its index.
const std::array<std::string_view, 2048>& fingerprint_words();

}  // namespace courier
