#include "importer/despooler.h"

#include "importer/record_feed.h"

namespace courier {
namespace {

// Appends and commits; the ledger hears of records when the packs that hold them are durable.
class Taker {
 public:
  Taker(Store& store, DespoolResult& result, const Committed& committed)
      : store_(store), result_(result), committed_(committed) {}

  void take(const CheckedRecord& checked) {
    if (!checked.block.objects.empty()) {
      if (!appender_) appender_.emplace(store_.append());
      appender_->add(checked.block);
    }
    pending_.add(checked.number);
    pending_bytes_ += checked.block.payload.size();
    if (pending_bytes_ >= kCommitBytes) commit();
  }

  void commit() {
    if (pending_.empty()) return;
    std::vector<Digest> packs;
    if (appender_) packs = appender_->finish();
    appender_.reset();
    committed_(pending_, packs);
    for (const RecordRange& range : pending_.ranges()) result_.received.add(range);
    result_.taken_records += pending_.size();
    result_.taken_bytes += pending_bytes_;
    pending_ = RecordRanges{};
    pending_bytes_ = 0;
  }

 private:
  Store& store_;
  DespoolResult& result_;
  const Committed& committed_;
  std::optional<Store::Appender> appender_;
  RecordRanges pending_;
  std::uint64_t pending_bytes_ = 0;
};

}  // namespace

DespoolResult despool(ParcelReader& reader, const VerifiedHead& head, const RecordOpener& opener,
                      Store& store, RecordRanges received, const Committed& committed,
                      std::uint64_t stream_size, const ProgressSink& progress) {
  DespoolResult result;
  result.received = received;
  Taker taker{store, result, committed};
  {
    RecordFeed feed{
        reader, opener, received, store, head.label().critical_features, head.head().subject};
    try {
      while (auto checked = feed.pop()) {
        if (checked->status == RecordStatus::ok || checked->status == RecordStatus::unknown_kind) {
          taker.take(*checked);
        } else if (checked->without_base) {
          result.without_base.add(checked->number);
          if (!result.missing_base) result.missing_base = checked->without_base;
        } else {
          (checked->status == RecordStatus::forged ? result.forged_records
                                                   : result.damaged_records) += 1;
        }
        ProgressEvent event;
        event.phase = "receiving";
        event.subject = head.label().title();
        event.done = checked->stream_bytes;
        event.total = stream_size;
        report(progress, event);
      }
      result.stopped = feed.stopped();
      result.killed = feed.killed();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::no_space) throw;
      result.stopped = error;
      return result;  // what was committed is kept; the pack under way is dropped
    }
  }
  try {
    taker.commit();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::no_space) throw;
    result.stopped = error;
    return result;
  }
  if (!result.stopped) result.tail = reader.finish(head);
  return result;
}

}  // namespace courier
