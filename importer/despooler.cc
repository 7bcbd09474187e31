#include "importer/despooler.h"

#include <memory>
#include <thread>

#include "base/pipeline.h"
#include "importer/block_check.h"

namespace courier {
namespace {

struct Fed {
  RawRecord raw;
  std::uint64_t stream_bytes = 0;  // read of the medium so far
};

struct Opened {
  OpenedRecord record;
  std::uint64_t stream_bytes = 0;
};

struct Checked {
  std::uint64_t number = 0, stream_bytes = 0;
  RecordStatus status = RecordStatus::damaged;
  Block block;  // of ok: decoded and opened once in the child, every object as its digest says
};

// Precondition: the child has said that it decodes; whoever says so wrongly is believed no more.
void take_block(Checked& checked, ByteView plaintext) {
  try {
    checked.block = decode_block(plaintext);
  } catch (const Error&) {
    checked.status = RecordStatus::forged;
  }
}

constexpr std::uint64_t kMostKillers = 16;  // records that ended a child; then it is given up

// Reads in a thread of its own, opens records in the pool, hands them in order, in another thread,
// to the child that checks blocks, and gives out what it says. Joins in the destructor.
//
// One child for all that is sent while it lives. When it ends, a new one is given each record that
// has no verdict alone, and its answer is waited for: the record that ended one is known, and the
// others come in.
class RecordFeed {
 public:
  RecordFeed(ParcelReader& reader, const RecordOpener& opener, const RecordRanges& received,
             const std::string& subject)
      : subject_(subject),
        check_(subject),
        pool_(std::make_unique<ThreadPool>(worker_count())),
        stage_(*pool_, worker_count() + 2,
               [&opener](const Fed& fed) {
                 return Opened{opener.open(fed.raw), fed.stream_bytes};
               }),
        sent_(worker_count() + 4),
        reading_([this, &reader, &received] { feed(reader, received); }),
        sending_([this] { send(); }) {}

  ~RecordFeed() {
    check_.stop();
    stage_.fail(std::make_exception_ptr(Stopped{}));
    sent_.fail(std::make_exception_ptr(Stopped{}));
    sending_.join();
    reading_.join();
    pool_.reset();  // before the stage that its tasks belong to
  }
  RecordFeed(const RecordFeed&) = delete;

  std::optional<Checked> pop() {
    const auto opened = sent_.pop();
    if (!opened) return std::nullopt;
    Checked checked{opened->record.number, opened->stream_bytes, opened->record.status, {}};
    if (!opened->record.ok()) return checked;
    try {
      switch (verdict_of(opened->record.plaintext)) {
        case BlockVerdict::good:
          take_block(checked, opened->record.plaintext);
          break;
        case BlockVerdict::no_block:
          checked.status = RecordStatus::forged;  // by its sender: nobody else could sign it
          break;
        case BlockVerdict::unfit:
          checked.status = RecordStatus::damaged;  // its sender made it so; nothing of it is used
      }
      return checked;
    } catch (const Error& error) {
      check_error_ = error;
      return std::nullopt;
    }
  }
  // After pop() said nullopt: why it is over before the parcel's end. What was read before came out
  // in order.
  const std::optional<Error>& stopped() const { return check_error_ ? check_error_ : read_error_; }
  // How the last child ended that one record alone did end. Such a record counts as damaged.
  const std::optional<Error>& killed() const { return killed_; }

 private:
  struct Stopped {};

  BlockVerdict verdict_of(ByteView plaintext) {
    if (!are_alone_) {
      try {
        return check_.verdict();
      } catch (const Error&) {
        check_.stop();  // nothing more is sent to it
        are_alone_ = true;
      }
    }
    if (!alone_) alone_.emplace(subject_);
    try {
      alone_->send(plaintext);  // a child that is gone is told by the verdict that does not come
      return alone_->verdict();
    } catch (const Error& error) {
      alone_.reset();
      if (++killers_ > kMostKillers) throw;
      killed_ = error;
      return BlockVerdict::unfit;
    }
  }

  void feed(ParcelReader& reader, const RecordRanges& received) {
    try {
      while (auto raw = reader.next_record()) {
        if (received.contains(raw->number)) continue;
        stage_.push(Fed{std::move(*raw), reader.bytes_read()});
      }
    } catch (const Error& error) {
      read_error_ = error;
    } catch (const Stopped&) {
      return;
    } catch (...) {
      stage_.fail(std::current_exception());
      return;
    }
    stage_.close();
  }

  void send() {
    try {
      while (auto opened = stage_.pop()) {
        // A child that is gone is told by the verdict that does not come.
        if (opened->record.ok()) check_.send(opened->record.plaintext);
        sent_.push(std::move(*opened));
      }
      sent_.close();
    } catch (...) {
      sent_.fail(std::current_exception());
    }
  }

  std::string subject_;
  BlockCheck check_;
  // Of pop(), once check_ has failed.
  bool are_alone_ = false;
  std::optional<BlockCheck> alone_;
  std::uint64_t killers_ = 0;
  std::optional<Error> killed_;
  std::unique_ptr<ThreadPool> pool_;
  OrderedStage<Fed, Opened> stage_;
  BoundedQueue<Opened> sent_;
  std::optional<Error> read_error_;   // of reading_, before it closes stage_
  std::optional<Error> check_error_;  // of pop()
  std::thread reading_, sending_;
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
    RecordFeed feed{reader, opener, received, head.head().subject};
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
