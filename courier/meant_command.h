// What was probably meant by a command that there is none of.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

namespace courier {

// The first word that a failed parse had no place for, where a command or verb was expected.
struct UnknownCommand {
  std::string word;
  std::string meant;  // the whole command with the likeliest name in its place; empty: none is near
};

// none: a command with its verb was given.
std::optional<UnknownCommand> unknown_command(const CLI::App& app);

}  // namespace courier
