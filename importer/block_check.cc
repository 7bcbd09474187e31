#include "importer/block_check.h"

#include <array>
#include <optional>
#include <thread>
#include <utility>

#include "base/codec.h"
#include "base/confined_input.h"
#include "base/pipeline.h"
#include "base/sodium_ready.h"
#include "parcel/record.h"
#include "store/block_against.h"
#include "store/lean_block.h"

namespace courier {
namespace {

constexpr std::string_view kWorkerName = "blocks";
// Processor time: a block is at most 4 MiB, so this is a thousandth of the speed of a slow machine.
constexpr std::uint64_t kGrantedBlocks = 16;
constexpr std::uint32_t kGrantedSeconds = 60;

struct Given {
  RecordKind kind = RecordKind::block;
  Bytes plaintext, base;
};

struct Answer {
  BlockVerdict verdict = BlockVerdict::unfit;
  Bytes bytes;  // of a good one, what the parent cannot know without opening it
};

Bytes bytes_of(const std::vector<Digest>& digests) {
  Encoder out;
  for (const Digest& digest : digests) out.digest(digest);
  return out.take();
}

Answer check_named(const Given& given, const Block& block) {
  if (given.base.empty()) {
    verify_and_decompress(block);
    return {BlockVerdict::good, {}};
  }
  Bytes raw = decompress_against(block, given.base);
  verify_objects(block, raw);
  return {BlockVerdict::good, std::move(raw)};
}

Answer check_lean(const Given& given, LeanBlock lean) {
  Bytes raw =
      given.base.empty() ? decompress(lean.block) : decompress_against(lean.block, given.base);
  const std::vector<Digest> digests = digests_in(lean.block, raw);
  with_digests(std::move(lean), digests);
  return {BlockVerdict::good, given.base.empty() ? bytes_of(digests) : std::move(raw)};
}

Answer check(const Given& given) {
  std::optional<Block> block;
  std::optional<LeanBlock> lean;
  try {
    if (given.kind == RecordKind::lean_block) {
      lean = decode_lean(given.plaintext);
    } else {
      block = decode_block(given.plaintext);
    }
  } catch (const Error&) {
    return {BlockVerdict::no_block, {}};
  }
  try {
    return lean ? check_lean(given, std::move(*lean)) : check_named(given, *block);
  } catch (const Error&) {
    return {BlockVerdict::unfit, {}};
  }
}

int check_blocks(const Fd& channel, std::vector<Fd>) {
  ThreadPool pool(worker_count());
  OrderedStage<Given, Answer> stage(pool, worker_count() + 2, check);
  std::thread answering([&] {
    try {
      while (const auto answer = stage.pop()) {
        const std::array<std::uint8_t, 1> verdict{static_cast<std::uint8_t>(answer->verdict)};
        write_answer(channel, verdict);
        write_answer(channel, answer->bytes);
      }
    } catch (...) {
      end_worker();  // the other thread waits for input that may never come
    }
  });
  try {
    for (;;) {
      std::array<std::uint8_t, 9> header;
      read_input(channel, header);
      Decoder sizes(header, "sizes");
      const auto kind = static_cast<RecordKind>(sizes.u8());
      const std::uint32_t size = sizes.u32(), base_size = sizes.u32();
      if (size > kMaxRecordPlaintext || base_size > kMaxBase) throw NobodyAsks{};
      Given given{kind, Bytes(size), Bytes(base_size)};
      read_input(channel, given.plaintext);
      read_input(channel, given.base);
      stage.push(std::move(given));
    }
  } catch (const NobodyAsks&) {
    stage.close();
  } catch (...) {
    end_worker();
  }
  answering.join();
  return 0;
}

}  // namespace

ConfinedWorker block_worker() { return {kWorkerName, detail::sodium_ready, check_blocks}; }

BlockCheck::BlockCheck(std::string subject, const ConfinedLimits& limits)
    : subject_(std::move(subject)), child_(ConfinedChild::start(kWorkerName, limits)) {}

bool BlockCheck::send(RecordKind kind, ByteView plaintext, ByteView base) {
  Encoder sizes;
  sizes.u8(static_cast<std::uint8_t>(kind));
  sizes.u32(static_cast<std::uint32_t>(plaintext.size()));
  sizes.u32(static_cast<std::uint32_t>(base.size()));
  return child_.send(sizes.view()) && child_.send(plaintext) && child_.send(base);
}

BlockVerdict BlockCheck::verdict(MutableByteView answer) {
  std::array<std::uint8_t, 1> told;
  if (!child_.receive(told)) throw child_.failure(subject_);
  if (++judged_ % kGrantedBlocks == 0) child_.grant_cpu(kGrantedSeconds);
  const auto verdict = static_cast<BlockVerdict>(told[0]);
  if (verdict != BlockVerdict::good && verdict != BlockVerdict::no_block &&
      verdict != BlockVerdict::unfit) {
    throw confined_failure(subject_, "gave an answer that makes no sense (a verdict)");
  }
  if (verdict == BlockVerdict::good && !answer.empty() && !child_.receive(answer)) {
    throw child_.failure(subject_);
  }
  return verdict;
}

}  // namespace courier
