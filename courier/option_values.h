// Values of options that mean the same in every command.
#pragma once

#include <string>

#include "base/vocabulary.h"
#include "store/block.h"

namespace courier {

// Errors of all: usage.
Priority priority_from(const std::string& text);
Level level_from(const std::string& text);
bool on_or_off(const std::string& text, const std::string& option);

}  // namespace courier
