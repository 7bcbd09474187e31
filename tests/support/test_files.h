// Folders of small files: written, filled with noise, and compared.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>

#include "tests/support/temp_folder.h"

namespace courier::test {

// Everything below a folder: path -> type, permission bits and content. Courier's own folder is
// left out.
inline std::map<std::string, std::string> tree_of(const std::string& folder) {
  namespace fs = std::filesystem;
  std::map<std::string, std::string> tree;
  if (!fs::exists(folder)) return tree;
  for (auto it = fs::recursive_directory_iterator(folder); it != fs::recursive_directory_iterator();
       ++it) {
    if (it->path().filename() == ".courier") {
      it.disable_recursion_pending();
      continue;
    }
    const std::string path = fs::relative(it->path(), folder).string();
    if (it->is_symlink()) {
      tree[path] = "link " + fs::read_symlink(it->path()).string();
    } else if (it->is_directory()) {
      tree[path] = "folder";
    } else {
      char mode[16];
      snprintf(mode, sizeof mode, "%04o ", static_cast<unsigned>(it->status().permissions()));
      tree[path] = mode + read_text(it->path().string());
    }
  }
  return tree;
}

// Writes files (path -> content) below a folder, which is made.
inline void write_files(const std::string& folder,
                        const std::map<std::string, std::string>& files) {
  std::filesystem::create_directories(folder);
  for (const auto& [file, content] : files) {
    const std::string at = folder + "/" + file;
    std::filesystem::create_directories(std::filesystem::path(at).parent_path());
    write_text(at, content);
  }
}

// Bytes that do not compress and differ with the seed, so that chunks differ.
inline std::string noise(std::size_t size, unsigned seed) {
  std::string text(size, '\0');
  std::uint64_t x = seed * 2654435761u + 1;
  for (char& c : text) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    c = static_cast<char>(x);
  }
  return text;
}

}  // namespace courier::test
