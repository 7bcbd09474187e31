// Manual pages from the same tree of commands that prints --help: one for the program, one for each
// noun with all its verbs.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace courier {

struct ManPage {
  std::string file;  // "courier-parcel.1"
  std::string text;  // roff, UTF-8
};

std::vector<ManPage> man_pages(const CLI::App& program);

}  // namespace courier
