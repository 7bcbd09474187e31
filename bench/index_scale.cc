// index_scale: what a chunk costs the chunk index, as the index grows. Packs of generated digests
// go through the real index one after the other, as `package add` and `receive` enter them; at each
// mark objects that are there and objects that are not are looked up.
//
//   bench/index_scale DIR [MILLIONS,...]      (else 1,5,20,50; about 60 bytes of disk a chunk)
//
// Insert: the mean of all packs between half the mark and the mark, merges and syncs included.
// Memory: the peak of the process. A machine with more memory than the index takes keeps all of it
// in its page cache: run it in a group with a limit of memory to see what a disk does.
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "store/chunk_index.h"

namespace courier {
namespace {

constexpr std::uint32_t kBlocks = 32, kObjects = 32;  // of 64 KiB: a pack of 64 MiB
constexpr std::uint64_t kPackChunks = kBlocks * kObjects;
constexpr std::uint64_t kLookups = 20'000;

std::uint64_t mixed(std::uint64_t state) {
  state += 0x9e3779b97f4a7c15;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
  return state ^ (state >> 31);
}

Digest generated(std::uint64_t kind, std::uint64_t number) {
  Digest digest;
  for (std::uint64_t i = 0; i < 4; ++i) {
    const std::uint64_t word = mixed(mixed(number * 8 + kind) + i);
    std::memcpy(digest.bytes.data() + 8 * i, &word, 8);
  }
  return digest;
}
constexpr std::uint64_t kChunk = 0, kBlock = 1, kPack = 2, kAbsent = 3;

PackIndex pack_of(std::uint64_t number) {
  PackIndex index;
  std::uint64_t offset = kPackHeadSize;
  for (std::uint32_t b = 0; b < kBlocks; ++b) {
    PackedBlock block;
    block.offset = offset;
    block.size = 64 * 1024 * kObjects;
    block.raw_size = block.size;
    block.digest = generated(kBlock, number * kBlocks + b);
    for (std::uint32_t i = 0; i < kObjects; ++i) {
      block.objects.push_back({DigestKind::chunk,
                               generated(kChunk, number * kPackChunks + b * kObjects + i),
                               64 * 1024});
    }
    offset += block.size;
    index.blocks.push_back(std::move(block));
  }
  return index;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double lookup_microseconds(ChunkIndex& index, std::uint64_t kind, std::uint64_t chunks) {
  const auto begin = std::chrono::steady_clock::now();
  const ChunkIndex::Burst burst(index);
  std::uint64_t found = 0;
  for (std::uint64_t i = 0; i < kLookups; ++i) {
    found += index.has(generated(kind, mixed(i) % chunks)) ? 1 : 0;
  }
  if (found != (kind == kChunk ? kLookups : 0)) std::printf("WRONG: %lu found\n", found);
  return seconds_since(begin) * 1e6 / kLookups;
}

void measure(const std::string& dir, const std::vector<double>& millions) {
  const std::string path = dir + "/index.sqlite";
  std::filesystem::create_directories(dir);
  std::filesystem::remove(path);
  ChunkIndex index(path);
  std::uint64_t packs = 0;
  std::printf("%10s %12s %12s %12s %12s %10s %10s\n", "chunks", "insert us", "worst ms",
              "present us", "absent us", "bytes", "peak MiB");
  for (const double mark : millions) {
    const auto end = static_cast<std::uint64_t>(mark * 1e6) / kPackChunks;
    double spent = 0, worst = 0;
    std::uint64_t counted = 0;
    for (; packs < end; ++packs) {
      const PackIndex pack = pack_of(packs);
      const auto begin = std::chrono::steady_clock::now();
      index.add_pack(generated(kPack, packs), pack.blocks.back().offset, pack);
      const double took = seconds_since(begin);
      if (packs < end / 2) continue;
      spent += took;
      worst = std::max(worst, took);
      counted += kPackChunks;
    }
    const std::uint64_t chunks = packs * kPackChunks;
    const double present = lookup_microseconds(index, kChunk, chunks);
    const double absent = lookup_microseconds(index, kAbsent, chunks);
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    std::printf("%10lu %12.2f %12.1f %12.2f %12.2f %10.1f %10ld\n", chunks,
                spent * 1e6 / static_cast<double>(counted), worst * 1e3, present, absent,
                static_cast<double>(std::filesystem::file_size(path)) / static_cast<double>(chunks),
                usage.ru_maxrss / 1024);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace courier

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "index_scale DIR [MILLIONS,...]\n");
    return 1;
  }
  std::vector<double> millions;
  std::string text = argc == 3 ? argv[2] : "1,5,20,50";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    millions.push_back(std::stod(text.substr(at, comma - at)));
    at = comma + 1;
  }
  courier::measure(argv[1], millions);
  return 0;
}
