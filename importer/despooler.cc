#include "importer/despooler.h"

#include <memory>
#include <thread>

#include "base/pipeline.h"

namespace courier {
namespace {

struct Fed {
  RawRecord raw;
  std::uint64_t stream_bytes = 0;  // read of the medium so far
};

struct Checked {
  std::uint64_t number = 0, stream_bytes = 0;
  RecordStatus status = RecordStatus::damaged;
  Block block;  // of ok: opened once, every object as its digest says
};

Checked check(const RecordOpener& opener, const Fed& fed) {
  OpenedRecord opened = opener.open(fed.raw);
  Checked checked;
  checked.number = fed.raw.number;
  checked.stream_bytes = fed.stream_bytes;
  checked.status = opened.status;
  if (!opened.ok()) return checked;
  try {
    verify_and_decompress(opened.block);
    checked.block = std::move(opened.block);
  } catch (const Error&) {
    checked.status = RecordStatus::damaged;  // its sender made it so; nothing of it is used
  }
  return checked;
}

// Reads in a thread of its own and hands records to the pool; joins in the destructor.
class RecordFeed {
 public:
  RecordFeed(ParcelReader& reader, const RecordOpener& opener, const RecordRanges& received)
      : pool_(std::make_unique<ThreadPool>(worker_count())),
        stage_(*pool_, 2 * worker_count() + 2,
               [&opener](const Fed& fed) { return check(opener, fed); }),
        thread_([this, &reader, &received] { feed(reader, received); }) {}

  ~RecordFeed() {
    stage_.fail(std::make_exception_ptr(Stopped{}));
    thread_.join();
    pool_.reset();  // before the stage that its tasks belong to
  }
  RecordFeed(const RecordFeed&) = delete;

  std::optional<Checked> pop() { return stage_.pop(); }
  // After pop() said nullopt: how reading ended.
  const std::optional<Error>& read_error() { return read_error_; }

 private:
  struct Stopped {};

  void feed(ParcelReader& reader, const RecordRanges& received) {
    try {
      while (auto raw = reader.next_record()) {
        if (received.contains(raw->number)) continue;
        stage_.push(Fed{std::move(*raw), reader.bytes_read()});
      }
    } catch (const Error& error) {
      read_error_ = error;  // what was read before it still comes out in order
    } catch (const Stopped&) {
      return;
    } catch (...) {
      stage_.fail(std::current_exception());
      return;
    }
    stage_.close();
  }

  std::unique_ptr<ThreadPool> pool_;
  OrderedStage<Fed, Checked> stage_;
  std::optional<Error> read_error_;
  std::thread thread_;
};

// Appends and commits; the ledger hears of records when the packs that hold them are durable.
class Taker {
 public:
  Taker(Store& store, DespoolResult& result, const Committed& committed)
      : store_(store), result_(result), committed_(committed) {}

  void take(const Checked& checked) {
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
  RecordRanges damaged;
  Taker taker{store, result, committed};
  {
    RecordFeed feed{reader, opener, received};
    try {
      while (auto checked = feed.pop()) {
        if (checked->status == RecordStatus::ok || checked->status == RecordStatus::unknown_kind) {
          taker.take(*checked);
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
      result.stopped = feed.read_error();
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
