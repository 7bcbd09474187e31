// Record feed: the records of a stream in order, each authenticated, opened and judged, and its
// block a plain one that can be stored. Not for other rooms.
//
//   reading thread: next_record --> pool: authenticate, decrypt --> sending thread, in order: finds
//   the base of a block that is coded against one --> confined child (block_check.h) --> judging
//   thread, in order: its verdicts --> pool: what was coded against a base is compared with its
//   digests and compressed anew, without one --> pop(), in order
//
// One child for all that is sent while it lives. When it ends, a new one is given each record that
// has no verdict alone, and its answer is waited for: the record that ended one is known, and the
// others come in.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/pipeline.h"
#include "importer/block_check.h"
#include "parcel/parcel_reader.h"
#include "parcel/record_ranges.h"
#include "store/block_against.h"

namespace courier {

class Store;

struct CheckedRecord {
  std::uint64_t number = 0, stream_bytes = 0;  // stream_bytes: read of the medium so far
  RecordStatus status = RecordStatus::damaged;
  Block block;  // of ok: plain, and every object in it as its digest says
  // Authentic, and coded against content that is not here: which. Its status is damaged.
  std::optional<Error> without_base;
};

class RecordFeed {
 public:
  // features: critical ones of the parcel's label. received: records that are passed over. All
  // outlive it.
  RecordFeed(ParcelReader& reader, const RecordOpener& opener, const RecordRanges& received,
             Store& store, std::uint64_t features, const std::string& subject);
  ~RecordFeed();  // joins
  RecordFeed(const RecordFeed&) = delete;

  // Errors: faults of the store itself.
  std::optional<CheckedRecord> pop();
  // After pop() said nullopt: why it is over before the parcel's end. What was read before came out
  // in order.
  const std::optional<Error>& stopped() const { return check_error_ ? check_error_ : read_error_; }
  // How the last child ended that one record alone did end. Such a record counts as damaged.
  const std::optional<Error>& killed() const { return killed_; }

 private:
  struct Stopped {};
  struct Fed {
    RawRecord raw;
    std::uint64_t stream_bytes = 0;
  };
  struct Opened {
    OpenedRecord record;
    std::uint64_t stream_bytes = 0;
    // The record's block, of one that is coded against a base. Of a lean one what is known, and
    // what its digests must come to.
    std::optional<Block> against;
    std::optional<Digest> list;
    std::optional<Error> without_base;
  };
  struct Judged {
    Opened opened;
    BlockVerdict verdict = BlockVerdict::unfit;
    Bytes answer;  // as the child says: raw bytes, or the digests of a lean block
  };

  void end();  // joins what was started
  void feed(const RecordRanges& received);
  void send();
  void judge();
  Bytes base_of(Opened& opened);
  BlockVerdict verdict_of(Opened& opened, MutableByteView answer);
  void find_against(Opened& opened) const;

  static CheckedRecord finish(Judged judged);

  ParcelReader& reader_;
  Store& store_;
  const std::uint64_t features_;
  const std::string subject_;
  BlockCheck check_;
  // Of judging_, once check_ has failed.
  bool are_alone_ = false;
  std::optional<BlockCheck> alone_;
  std::uint64_t killers_ = 0;
  std::optional<Error> killed_;
  std::unique_ptr<ThreadPool> pool_;
  OrderedStage<Fed, Opened> open_;
  BoundedQueue<Opened> sent_;
  OrderedStage<Judged, CheckedRecord> finish_;
  std::optional<Error> read_error_;   // of reading_, before it closes open_
  std::optional<Error> check_error_;  // of judging_, before it closes finish_
  std::thread reading_, sending_, judging_;
};

}  // namespace courier
