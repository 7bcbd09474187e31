// Completion: what may stand where the cursor is, from the same tree of commands that parses the
// line and prints --help. The shells' scripts (completion_command.cc) do nothing but ask.
//
// What a value may be is told by its name in the help: SITE, ID, FILE; `on|off` lists its words.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace courier {

struct Candidate {
  std::string word, what;  // what it is, for people
  bool operator==(const Candidate&) const = default;
};

struct Completion {
  std::vector<Candidate> candidates;
  bool files = false, folders = false;  // and the names of these
};

// What only a home can tell.
enum class NamedThing { site, package, parcel, job, dp, target };
// home: as --home gave it, else empty.
using NamedThings =
    std::function<std::vector<Candidate>(NamedThing thing, const std::string& home)>;

// words: those before the cursor, without the program's name, as the shell has them, quotes
// included; current: what stands before the cursor of the last. Gives what begins with `current`.
Completion complete(const CLI::App& program, std::span<const std::string> words,
                    const std::string& current, const NamedThings& named);

// The script of a shell, "bash" or "zsh". Errors: usage.
std::string completion_script(const std::string& shell);

}  // namespace courier
