#include "importer/record_feed.h"

#include <utility>

#include "base/codec.h"
#include "parcel/label.h"
#include "store/lean_block.h"
#include "store/store.h"

namespace courier {
namespace {

constexpr std::uint64_t kMostKillers = 16;  // records that ended a child; then it is given up

bool is_lean(const OpenedRecord& record) { return record.kind == RecordKind::lean_block; }

// How much the child has to say of a good one.
std::size_t answer_size(const OpenedRecord& record, const std::optional<Block>& against) {
  if (against) return against->raw_size;
  return is_lean(record) ? lean_object_count(record.plaintext) * sizeof(Digest) : 0;
}

std::vector<Digest> digests_from(ByteView bytes) {
  std::vector<Digest> digests;
  Decoder in(bytes, "digests");
  while (!in.at_end()) digests.push_back(in.digest());
  return digests;
}

}  // namespace

RecordFeed::RecordFeed(ParcelReader& reader, const RecordOpener& opener,
                       const RecordRanges& received, Store& store, std::uint64_t features,
                       const std::string& subject)
    : reader_(reader),
      store_(store),
      features_(features),
      subject_(subject),
      check_(subject),
      pool_(std::make_unique<ThreadPool>(worker_count())),
      open_(*pool_, worker_count() + 2,
            [&opener](const Fed& fed) {
              return Opened{opener.open(fed.raw), fed.stream_bytes, std::nullopt, std::nullopt,
                            std::nullopt};
            }),
      sent_(worker_count() + 4),
      finish_(*pool_, worker_count() + 2, [](Judged judged) { return finish(std::move(judged)); }) {
  try {
    reading_ = start_thread([this, &received] { feed(received); });
    sending_ = start_thread([this] { send(); });
    judging_ = start_thread([this] { judge(); });
  } catch (...) {
    end();
    throw;
  }
}

RecordFeed::~RecordFeed() { end(); }

void RecordFeed::end() {
  check_.stop();
  open_.fail(std::make_exception_ptr(Stopped{}));
  sent_.fail(std::make_exception_ptr(Stopped{}));
  finish_.fail(std::make_exception_ptr(Stopped{}));
  for (std::thread* const thread : {&judging_, &sending_, &reading_}) {
    if (thread->joinable()) thread->join();
  }
  pool_.reset();  // before the stages that its tasks belong to
}

std::optional<CheckedRecord> RecordFeed::pop() { return finish_.pop(); }

void RecordFeed::feed(const RecordRanges& received) {
  try {
    while (auto raw = reader_.next_record()) {
      if (received.contains(raw->number)) continue;
      open_.push(Fed{std::move(*raw), reader_.bytes_read()});
    }
  } catch (const Error& error) {
    read_error_ = error;
  } catch (const Stopped&) {
    return;
  } catch (...) {
    open_.fail(std::current_exception());
    return;
  }
  open_.close();
}

// The bounded codec alone reads the record here; the child says what is to be thought of it, also
// when it cannot be read.
void RecordFeed::find_against(Opened& opened) const {
  const OpenedRecord& record = opened.record;
  if (!record.ok() || record.plaintext.empty() || (features_ & kFeatureBases) == 0) return;
  Block codec;
  codec.codec = record.plaintext.front();
  if (!codec.has_base()) return;
  try {
    if (is_lean(record)) {
      LeanBlock lean = decode_lean(record.plaintext);
      base_ranges(lean.block);
      opened.list = lean.list;
      opened.against = std::move(lean.block);
    } else {
      Block block = decode_block(record.plaintext);
      base_ranges(block);
      opened.against = std::move(block);
    }
  } catch (const Error&) {
    opened.list.reset();
  }
}

// Empty when it needs none, or it is not here.
Bytes RecordFeed::base_of(Opened& opened) {
  if (!opened.against) return {};
  try {
    const std::vector<BaseRange> ranges = base_ranges(*opened.against);
    return store_.read_base(opened.list ? store_.complete_names(ranges) : ranges);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::incomplete && error.code() != ErrorCode::damaged) throw;
    opened.without_base = error;
    return {};
  }
}

void RecordFeed::send() {
  try {
    while (auto opened = open_.pop()) {
      OpenedRecord& record = opened->record;
      if (record.ok() && is_lean(record) && (features_ & kFeatureLean) == 0) {
        record.status = RecordStatus::damaged;
      }
      find_against(*opened);
      const Bytes base = base_of(*opened);
      // A child that is gone is told by the verdict that does not come.
      if (record.ok() && !opened->without_base) check_.send(record.kind, record.plaintext, base);
      sent_.push(std::move(*opened));
    }
    sent_.close();
  } catch (...) {
    sent_.fail(std::current_exception());
  }
}

BlockVerdict RecordFeed::verdict_of(Opened& opened, MutableByteView answer) {
  if (!are_alone_) {
    try {
      return check_.verdict(answer);
    } catch (const Error&) {
      check_.stop();  // nothing more is sent to it
      are_alone_ = true;
    }
  }
  const Bytes base = base_of(opened);
  if (opened.without_base) return BlockVerdict::unfit;
  if (!alone_) alone_.emplace(subject_);
  try {
    alone_->send(opened.record.kind, opened.record.plaintext, base);  // as in send()
    return alone_->verdict(answer);
  } catch (const Error& error) {
    alone_.reset();
    if (++killers_ > kMostKillers) throw;
    killed_ = error;
    return BlockVerdict::unfit;
  }
}

void RecordFeed::judge() {
  try {
    while (auto opened = sent_.pop()) {
      Judged judged;
      if (opened->record.ok() && !opened->without_base) {
        judged.answer.resize(answer_size(opened->record, opened->against));
        try {
          judged.verdict = verdict_of(*opened, judged.answer);
        } catch (const Error& error) {
          check_error_ = error;
          break;
        }
      }
      judged.opened = std::move(*opened);
      finish_.push(std::move(judged));
    }
    finish_.close();
  } catch (...) {
    finish_.fail(std::current_exception());
  }
  alone_.reset();  // by the thread that started it
}

// In the pool. Whoever in the child says wrongly that a record is good is believed no more.
CheckedRecord RecordFeed::finish(Judged judged) {
  Opened& opened = judged.opened;
  CheckedRecord checked{opened.record.number,
                        opened.stream_bytes,
                        opened.record.status,
                        {},
                        std::move(opened.without_base)};
  if (checked.without_base) checked.status = RecordStatus::damaged;
  if (checked.status != RecordStatus::ok) return checked;
  if (judged.verdict != BlockVerdict::good) {
    // no_block: by its sender, since nobody else could sign it; unfit: nothing of it is used.
    checked.status =
        judged.verdict == BlockVerdict::no_block ? RecordStatus::forged : RecordStatus::damaged;
    return checked;
  }
  try {
    if (!opened.against) {
      checked.block = is_lean(opened.record) ? with_digests(decode_lean(opened.record.plaintext),
                                                            digests_from(judged.answer))
                                             : decode_block(opened.record.plaintext);
      // No base was found for it, so no child that is honest has opened it.
      if (checked.block.has_base()) {
        checked.status = RecordStatus::damaged;
        checked.block = {};
      }
      return checked;
    }
    Block& block = *opened.against;
    if (opened.list) {
      const std::vector<Digest> digests = digests_in(block, judged.answer);
      block = with_digests({std::move(block), *opened.list}, digests);
    } else {
      verify_objects(block, judged.answer);
    }
    checked.block =
        compress_block({std::move(block.objects), std::move(judged.answer)}, Level::standard);
  } catch (const Error&) {
    checked.status = RecordStatus::forged;
  }
  return checked;
}

}  // namespace courier
