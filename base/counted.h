// Counted: numbers with their noun, for messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace courier {

// "1 file", "3 files": counted(n, "file", "files").
std::string counted(std::uint64_t count, std::string_view one, std::string_view many);

}  // namespace courier
