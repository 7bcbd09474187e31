#include "sender/record_writer.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/pipeline.h"
#include "sender/base_plan.h"
#include "sender/base_search.h"
#include "sender/plan_content.h"
#include "store/block_against.h"
#include "store/compressor_count.h"
#include "store/store.h"

namespace courier {

namespace {

struct RecordWork {
  std::uint64_t number = 0;
  RecordContent content;
  std::vector<std::optional<BasePlace>> places;

  // What takes longer to make than to sign goes to a worker alone.
  bool is_quick(Level level) const {
    return content.as_it_is && level != Level::small && !has_place();
  }
  bool has_place() const {
    return std::any_of(places.begin(), places.end(),
                       [](const auto& place) { return place.has_value(); });
  }
};

struct SealedRecord {
  Bytes frame;
  std::vector<MappedObject> objects;
};

// What one worker does at once: records whose digests are made side by side.
struct Group {
  std::vector<RecordWork> records;
  std::uint64_t bytes = 0;
};
constexpr std::uint64_t kGroupBytes = 64u << 20;  // of the groups of all workers together
constexpr std::uint64_t kReadTogether = 6u << 20;

BlockBuilder::Raw gather(Store& store, const RecordContent& content) {
  BlockBuilder builder;
  for (const auto& part : content.parts) {
    const auto open = store.open_block(part.ref);
    std::size_t at = 0;
    for (const BlockObject& object : part.objects) {
      while (at < open->objects.size() && open->objects[at].digest != object.digest) ++at;
      if (at == open->objects.size()) bug("a block without the object that was located in it");
      builder.add(object.kind, object.digest, open->object(at));
    }
  }
  return builder.take();
}

// Old content that went bad here is no base, and nothing else is wrong with that.
Bytes base_bytes(Store& store, const std::vector<BaseRange>& ranges) {
  try {
    return ranges.empty() ? Bytes{} : store.read_base(ranges);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::incomplete && error.code() != ErrorCode::damaged) throw;
    return {};
  }
}

// Level::small also compresses again what the store has at another level; what it found
// incompressible then, it would again.
Block stored_block(Store& store, const RecordContent& content, Level level) {
  Block block = store.read_block(content.parts.front().ref);
  if (level == Level::small && !block.is_raw()) {
    Block smaller = compress_block(gather(store, content), level);
    if (smaller.payload.size() < block.payload.size()) return smaller;
  }
  return block;
}

Block block_of(Store& store, BaseSearch& search, const RecordWork& work, Level level) {
  const RecordContent& content = work.content;
  if (work.has_place()) {
    BlockBuilder::Raw raw = gather(store, content);
    const std::vector<BaseRange> ranges = search.find(raw, work.places);
    const Bytes base = base_bytes(store, ranges);
    if (!content.as_it_is) return compress_block_against(std::move(raw), ranges, base, level);
    std::optional<Block> against;
    if (!base.empty()) against = code_against(raw, ranges, base, level);
    if (against && is_far_smaller(*against)) return *std::move(against);
    Block plain = stored_block(store, content, level);
    return against && against->payload.size() < plain.payload.size() ? *std::move(against) : plain;
  }
  return content.as_it_is ? stored_block(store, content, level)
                          : compress_block(gather(store, content), level);
}

// In order. Those that are taken as they are are read together, as many as a few large ones have
// bytes.
void for_each_block(Store& store, BaseSearch& search, Level level, const Group& group,
                    const std::function<void(const RecordWork&, const Block&)>& each) {
  const auto& records = group.records;
  for (std::size_t at = 0; at < records.size();) {
    if (!records[at].is_quick(level)) {
      each(records[at], block_of(store, search, records[at], level));
      ++at;
      continue;
    }
    std::vector<BlockRef> refs;
    std::uint64_t bytes = 0;
    for (std::size_t i = at; i < records.size() && bytes < kReadTogether; ++i) {
      refs.push_back(records[i].content.parts.front().ref);
      bytes += records[i].content.stored_size;
    }
    for (const Block& block : store.read_blocks(refs)) each(records[at++], block);
  }
}

std::vector<SealedRecord> seal(Store& store, BaseSearch& search, const RecordSealer& sealer,
                               RecordKind kind, Level level, const Group& group) {
  std::vector<UnsignedRecord> records;
  std::vector<SealedRecord> sealed;
  for_each_block(store, search, level, group, [&](const RecordWork& work, const Block& block) {
    records.push_back(sealer.seal_unsigned(work.number, block, kind));
    std::vector<MappedObject>& objects = sealed.emplace_back().objects;
    for (const BlockObject& object : block.objects) objects.push_back({object.kind, object.digest});
  });
  std::vector<Bytes> frames = sealer.sign(std::move(records));
  for (std::size_t i = 0; i < frames.size(); ++i) sealed[i].frame = std::move(frames[i]);
  return sealed;
}

// Puts records of one worker together.
class Grouping {
 public:
  Grouping(Level level, std::uint64_t max_bytes, std::function<void(Group)> pass_on)
      : level_(level), max_bytes_(max_bytes), pass_on_(std::move(pass_on)) {}

  void add(RecordWork&& work) {
    const bool is_quick = work.is_quick(level_);
    const std::uint64_t bytes = work.content.stored_size;
    if (!is_quick) finish();
    open_.bytes += bytes;
    open_.records.push_back(std::move(work));
    const bool is_full = open_.records.size() == kSignedTogether || open_.bytes >= max_bytes_;
    if (!is_quick || is_full) finish();
  }
  void finish() {
    if (!open_.records.empty()) pass_on_(std::exchange(open_, {}));
  }

 private:
  const Level level_;
  const std::uint64_t max_bytes_;
  const std::function<void(Group)> pass_on_;
  Group open_;
};

}  // namespace

// One thread finds the records, a pool reads, seals and signs them, the caller writes.
void write_records(Store& store, const ObjectSet& objects, const BaseMap& bases, Level level,
                   ParcelWriter& writer, RecordMapWriter& map,
                   const std::function<void()>& written) {
  const bool are_lean = (writer.label().critical_features & kFeatureLean) != 0;
  const RecordKind kind = are_lean ? RecordKind::lean_block : RecordKind::block;
  BaseSearch search(store);
  ThreadPool pool(compressor_count(level));
  OrderedStage<Group, std::vector<SealedRecord>> stage(pool, pool.size() + 2, [&](Group group) {
    return seal(store, search, writer.sealer(), kind, level, group);
  });
  std::thread finder = start_thread([&] {
    try {
      Grouping groups(level, kGroupBytes / pool.size(),
                      [&](Group group) { stage.push(std::move(group)); });
      std::uint64_t number = 0;
      for_each_record(store, objects, [&](RecordContent&& content) {
        auto places = places_of(bases, content);
        groups.add({number++, std::move(content), std::move(places)});
      });
      groups.finish();
      stage.close();
    } catch (...) {
      stage.fail(std::current_exception());
    }
  });
  try {
    while (auto group = stage.pop()) {
      for (const SealedRecord& record : *group) {
        writer.add_sealed(record.frame);
        map.add(record.objects);
        if (written) written();
      }
    }
  } catch (...) {
    stage.fail(std::current_exception());
    finder.join();
    throw;
  }
  finder.join();
}

}  // namespace courier
