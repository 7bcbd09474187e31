// Check and rebuild-index: what the packs really hold, read whole.
#include <fcntl.h>

#include <algorithm>

#include "base/durable.h"
#include "base/error.h"
#include "base/pipeline.h"
#include "store/store_impl.h"

namespace courier {

namespace {

struct ScanItem {
  Bytes encoded;
  const PackedBlock* block = nullptr;
  std::string fault;  // when it could not even be read
};

std::string fault_of(ScanItem item) {
  if (!item.fault.empty()) return item.fault;
  try {
    const Block block = decode_block(item.encoded);
    if (block_digest(block) != item.block->digest) return "does not have its digest";
    if (block.objects != item.block->objects || block.raw_size != item.block->raw_size ||
        block.codec != item.block->codec) {
      return "is not what the pack's index says";
    }
    verify_and_decompress(block);
    return {};
  } catch (const Error& error) {
    return error.happened();
  }
}

void add_problem(CheckReport& report, CheckProblem problem) {
  if (report.problems.size() < kMaxNamed) report.problems.push_back(std::move(problem));
  ++report.problem_count;
}

// What the packs really hold, block by block.
struct ScannedPack {
  PackIndex index;
  std::vector<bool> sound;
  std::vector<std::string> faults;  // by block; empty when sound
};

// Whether the index has the pack exactly as it was found.
bool index_agrees(ChunkIndex& index, const Digest& pack, const ScannedPack& scanned) {
  const auto known = index.blocks_of(pack);
  if (known.size() != scanned.index.blocks.size()) return false;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const PackedBlock& block = scanned.index.blocks[i];
    if (known[i].ref.block != i || known[i].offset != block.offset || known[i].size != block.size ||
        known[i].digest != block.digest || known[i].objects != block.objects.size() ||
        known[i].damaged != !scanned.sound[i]) {
      return false;
    }
    if (!scanned.sound[i]) continue;
    for (const auto& object : block.objects) {
      if (!index.has(object.digest)) return false;
    }
  }
  return true;
}

void count(CheckReport& report, const ScannedPack& scanned) {
  ++report.packs;
  for (std::size_t i = 0; i < scanned.sound.size(); ++i) {
    ++report.blocks;
    if (!scanned.sound[i]) continue;
    report.objects += scanned.index.blocks[i].objects.size();
    report.bytes += scanned.index.blocks[i].raw_size;
  }
}

void remove_index(FileSystem& fs, const Fd& dir, const std::string& name) {
  for (const char* suffix : {"", "-journal"}) {
    if (fs.stat_at(dir, name + suffix)) fs.unlink_at(dir, name + suffix, false);
  }
}

// Errors: damaged, when the pack's own index is.
ScannedPack scan_pack(PackStorage& storage, const Digest& pack, ThreadPool& pool,
                      const std::function<void(std::uint64_t)>& progress) {
  ScannedPack scanned;
  scanned.index = read_pack_index(storage, pack);
  const auto& blocks = scanned.index.blocks;
  OrderedStage<ScanItem, std::string> stage(pool, 2 * pool.size(), fault_of);
  std::size_t pushed = 0;
  while (scanned.faults.size() < blocks.size()) {
    while (pushed < blocks.size() && !stage.full()) {
      ScanItem item;
      item.block = &blocks[pushed++];
      item.encoded.resize(item.block->size);
      try {
        storage.read(pack, item.block->offset, item.encoded);
      } catch (const Error& error) {
        item.fault = error.happened();
      }
      stage.push(std::move(item));
    }
    scanned.faults.push_back(*stage.pop());
    scanned.sound.push_back(scanned.faults.back().empty());
    if (progress) progress(blocks[scanned.faults.size() - 1].size);
  }
  return scanned;
}

}  // namespace

CheckReport Store::check(const ProgressSink& progress) {
  Impl& s = *impl_;
  CheckReport report;
  ThreadPool pool(worker_count());
  const auto packs = s.packs->list();
  std::uint64_t done = 0, total = 0;
  for (const auto& pack : packs) total += s.packs->size(pack);
  const auto advance = [&](std::uint64_t bytes) {
    done += bytes;
    courier::report(progress, {"checking", "store", std::min(done, total), total});
  };
  struct Faulty {
    CheckProblem problem;
    std::vector<Digest> objects;
  };
  std::vector<Faulty> faulty;
  for (const auto& pack : packs) {
    ScannedPack scanned;
    try {
      scanned = scan_pack(*s.packs, pack, pool, advance);
    } catch (const Error& error) {
      // Without its own index a pack holds nothing that could be vouched for.
      add_problem(report, {pack, -1, error.happened()});
      s.index.remove_packs({pack});
      continue;
    }
    count(report, scanned);
    if (!index_agrees(s.index, pack, scanned)) {
      s.index.remove_packs({pack});
      s.index.add_pack(pack, s.packs->size(pack), scanned.index, scanned.sound);
    }
    for (std::size_t i = 0; i < scanned.sound.size(); ++i) {
      if (scanned.sound[i]) continue;
      Faulty& fault =
          faulty.emplace_back(Faulty{{pack, static_cast<std::int64_t>(i), scanned.faults[i]}, {}});
      for (const auto& o : scanned.index.blocks[i].objects) fault.objects.push_back(o.digest);
    }
  }
  // What has come again since in another pack is no problem any more, and gc frees it. Asked last,
  // when the index knows of all damage.
  const auto here = [&](const Digest& object) { return s.index.has(object); };
  for (auto& fault : faulty) {
    if (std::all_of(fault.objects.begin(), fault.objects.end(), here)) continue;
    add_problem(report, std::move(fault.problem));
  }
  std::vector<Digest> gone;
  for (const auto& pack : s.index.packs()) {
    if (!std::binary_search(packs.begin(), packs.end(), pack)) gone.push_back(pack);
  }
  for (const auto& pack : gone) add_problem(report, {pack, -1, "this pack is gone"});
  s.index.remove_packs(gone);
  s.cache.clear();
  return report;
}

CheckReport Store::rebuild_index(FileSystem& fs, const std::string& dir,
                                 std::unique_ptr<PackStorage> packs, const ProgressSink& progress) {
  const std::string name = "index.sqlite", fresh = "index.sqlite.new";
  const Fd folder = make_dirs(fs, dir);
  if (!packs) packs = std::make_unique<FolderPackStorage>(fs, dir + "/packs");
  packs->sweep();
  remove_index(fs, folder, fresh);
  CheckReport report;
  {
    ChunkIndex index(dir + "/" + fresh);
    ThreadPool pool(worker_count());
    const auto all = packs->list();
    std::uint64_t done = 0, total = 0;
    for (const auto& pack : all) total += packs->size(pack);
    for (const auto& pack : all) {
      try {
        const auto scanned = scan_pack(*packs, pack, pool, [&](std::uint64_t bytes) {
          done += bytes;
          courier::report(progress, {"reading", "packs", std::min(done, total), total});
        });
        count(report, scanned);
        index.add_pack(pack, packs->size(pack), scanned.index, scanned.sound);
        for (std::size_t i = 0; i < scanned.sound.size(); ++i) {
          if (scanned.sound[i]) continue;
          add_problem(report, {pack, static_cast<std::int64_t>(i), scanned.faults[i]});
        }
      } catch (const Error& error) {
        if (error.code() != ErrorCode::damaged) throw;
        add_problem(report, {pack, -1, error.happened()});
      }
    }
  }
  // The old one goes first, journal and all: a journal left over would be played into the new one.
  // Should this stop here, opening the store makes an index from the packs' own.
  remove_index(fs, folder, name);
  fs.rename_at(folder, fresh, folder, name, 0);
  fs.sync(folder);
  return report;
}

}  // namespace courier
