// Generated content of an origin: packages of many versions in a real store, so that the planner
// walks real roots and nodes and reads real pack indexes. Of chunks there are digests and sizes,
// and the room that they would take, but no bytes: a plan reads none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/digest.h"

namespace courier::bench {

struct GeneratedVersion {
  Digest root;
  std::uint64_t files = 0, dirs = 0, bytes = 0;
};

struct GeneratedPackage {
  std::vector<GeneratedVersion> versions;
};

struct ContentSize {
  std::uint32_t packages = 200, versions = 20;
  std::uint64_t chunks = 20'000'000;  // distinct, of all
};

std::uint64_t mixed(std::uint64_t state);
Digest generated_digest(std::uint64_t number);

// Writes the packs into `store` (HOME/store) and enters them into its index.
std::vector<GeneratedPackage> generate_content(const std::string& store, const ContentSize& size);

}  // namespace courier::bench
