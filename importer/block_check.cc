#include "importer/block_check.h"

#include <array>
#include <thread>
#include <utility>

#include "base/codec.h"
#include "base/confined_input.h"
#include "base/pipeline.h"
#include "base/sodium_ready.h"
#include "parcel/record.h"
#include "store/block.h"

namespace courier {
namespace {

constexpr std::string_view kWorkerName = "blocks";
// Processor time: a block is at most 4 MiB, so this is a thousandth of the speed of a slow machine.
constexpr std::uint64_t kGrantedBlocks = 16;
constexpr std::uint32_t kGrantedSeconds = 60;

BlockVerdict check(const Bytes& plaintext) {
  Block block;
  try {
    block = decode_block(plaintext);
  } catch (const Error&) {
    return BlockVerdict::no_block;
  }
  try {
    verify_and_decompress(block);
    return BlockVerdict::good;
  } catch (const Error&) {
    return BlockVerdict::unfit;
  }
}

int check_blocks(const Fd& channel, std::vector<Fd>) {
  ThreadPool pool(worker_count());
  OrderedStage<Bytes, BlockVerdict> stage(pool, worker_count() + 2, check);
  std::thread answering([&] {
    try {
      while (const auto verdict = stage.pop()) {
        const std::array<std::uint8_t, 1> answer{static_cast<std::uint8_t>(*verdict)};
        write_answer(channel, answer);
      }
    } catch (...) {
      end_worker();  // the other thread waits for input that may never come
    }
  });
  try {
    for (;;) {
      std::array<std::uint8_t, 4> header;
      read_input(channel, header);
      const std::uint32_t size = Decoder(header, "size").u32();
      if (size > kMaxRecordPlaintext) throw NobodyAsks{};
      Bytes plaintext(size);
      read_input(channel, plaintext);
      stage.push(std::move(plaintext));
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

bool BlockCheck::send(ByteView plaintext) {
  Encoder size;
  size.u32(static_cast<std::uint32_t>(plaintext.size()));
  return child_.send(size.view()) && child_.send(plaintext);
}

BlockVerdict BlockCheck::verdict() {
  std::array<std::uint8_t, 1> answer;
  if (!child_.receive(answer)) throw child_.failure(subject_);
  if (++judged_ % kGrantedBlocks == 0) child_.grant_cpu(kGrantedSeconds);
  const auto verdict = static_cast<BlockVerdict>(answer[0]);
  if (verdict != BlockVerdict::good && verdict != BlockVerdict::no_block &&
      verdict != BlockVerdict::unfit) {
    throw confined_failure(subject_, "gave an answer that makes no sense (a verdict)");
  }
  return verdict;
}

}  // namespace courier
