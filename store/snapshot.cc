// Snapshot: source reader → digests → assembler → compression → pack writer → pack finisher, each a
// stage of one pipeline. Reader, writer and finisher have a thread each, so that the next pack is
// written while one becomes durable; digests and compression share a pool, the assembler is the
// caller's thread: it alone decides what is new, so that no object is stored twice. Memory: batches
// and blocks under way (a few for each worker), one node for each level of the tree, and the
// digests of objects not yet committed, which the limits of packs bound.
#include <atomic>
#include <deque>
#include <system_error>
#include <thread>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/pipeline.h"
#include "store/compressor_count.h"
#include "store/node_builder.h"
#include "store/source_reader.h"
#include "store/store_impl.h"

namespace courier {

namespace {

constexpr std::size_t kNodeBlockBytes = 1u << 20;
// Packs that enter the index together: while it becomes durable nothing can be looked up in it. One
// that a crash leaves out of it is found when the store is opened.
constexpr std::size_t kPacksAtOnce = 16;

SourceBatch digest_batch(SourceBatch batch) {
  std::vector<Piece*> pieces;
  std::vector<ByteView> chunks;
  for (auto& step : batch.steps) {
    if (auto* piece = std::get_if<Piece>(&step)) {
      pieces.push_back(piece);
      chunks.emplace_back(batch.data.get() + piece->offset, piece->size);
    }
  }
  const std::vector<Digest> digests = chunk_digests(chunks);
  for (std::size_t i = 0; i < pieces.size(); ++i) pieces[i]->digest = digests[i];
  return batch;
}

class Snapshot {
 public:
  Snapshot(Store::Impl& store, const SnapshotOptions& options)
      : store_(store),
        options_(options),
        pool_(compressor_count(options.level)),
        digests_(pool_, 2 * pool_.size() + 2, digest_batch),
        blocks_(pool_, pool_.size() + 2, [level = options.level](BlockBuilder::Raw raw) {
          return compress_block(std::move(raw), level);
        }) {}

  SnapshotResult run(const std::string& source) {
    if (options_.progress) bytes_total_ = count_source_bytes(store_.fs, source);
    return run([&](SourceReader& reader) { reader.run(source); });
  }
  SnapshotResult run(const Fd& stream, const StreamName& named) {
    return run([&](SourceReader& reader) { reader.run_stream(stream, named); });
  }

 private:
  SnapshotResult run(const std::function<void(SourceReader&)>& read);
  void assemble();
  void handle(const SourceBatch& batch, const Piece& piece);
  void handle(FileDone&& done);
  void handle(FolderDone&& done);
  void handle(LinkDone&& done);
  Digest store_node(DigestKind kind, Bytes encoded);
  // True when it is to be stored: not in the store and not on its way there.
  bool is_new(const Digest& digest, std::size_t size);
  void pass_on(BlockBuilder& builder);
  void write(const Block& block);
  void pass_on_pack();
  void finish_packs();

  Store::Impl& store_;
  const SnapshotOptions& options_;
  SnapshotResult result_;

  // The assembler's.
  BlockBuilder data_, nodes_;
  const NodeSink sink_ = [this](Bytes encoded) {
    return store_node(DigestKind::node, std::move(encoded));
  };
  ChunkListBuilder list_{sink_};
  std::vector<DirectoryBuilder> folders_;
  RootObject root_;
  std::uint64_t bytes_done_ = 0, bytes_total_ = 0;
  std::unordered_set<Digest> pending_;  // new objects not yet in the index
  std::deque<std::vector<Digest>> pending_by_block_;
  std::uint64_t first_pending_block_ = 0;

  // The writer's.
  std::unique_ptr<PackWriter> pack_;
  std::uint64_t blocks_written_ = 0;

  // From the writer to the finisher.
  struct WrittenPack {
    std::unique_ptr<PackWriter> pack;
    std::uint64_t blocks_written = 0;
  };
  BoundedQueue<WrittenPack> written_packs_{1};
  std::atomic<std::uint64_t> blocks_committed_ = 0;

  // Last: their work ends before what it uses.
  ThreadPool pool_;
  OrderedStage<SourceBatch, SourceBatch> digests_;
  OrderedStage<BlockBuilder::Raw, Block> blocks_;
};

SnapshotResult Snapshot::run(const std::function<void(SourceReader&)>& read) {
  SourceReader reader(
      store_.fs, options_.skip_unreadable,
      [this](SourceBatch batch) { digests_.push(std::move(batch)); }, options_.amend);
  std::exception_ptr error, write_error, finish_error;
  const auto read_all = [&] {
    try {
      read(reader);
      digests_.close();
    } catch (...) {
      digests_.fail(std::current_exception());
    }
  };
  const auto write_all = [&] {
    try {
      while (const auto block = blocks_.pop()) write(*block);
      pass_on_pack();
      written_packs_.close();
    } catch (...) {
      write_error = std::current_exception();
      blocks_.fail(write_error);
      written_packs_.fail(write_error);
    }
  };
  const auto finish_all = [&] {
    try {
      finish_packs();
    } catch (...) {
      finish_error = std::current_exception();
      written_packs_.fail(finish_error);
      blocks_.fail(finish_error);
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(3);
  try {
    threads.push_back(start_thread(read_all));
    threads.push_back(start_thread(write_all));
    threads.push_back(start_thread(finish_all));
    assemble();
    blocks_.close();
  } catch (...) {
    error = std::current_exception();
    digests_.fail(error);
    blocks_.fail(error);
    written_packs_.fail(error);  // there may be no finisher
  }
  for (std::thread& thread : threads) thread.join();
  if (error) std::rethrow_exception(error);
  if (write_error) std::rethrow_exception(write_error);
  if (finish_error) std::rethrow_exception(finish_error);
  const SourceFindings& findings = reader.findings();
  result_.odd = findings.odd;
  result_.odd_count = findings.odd_count;
  result_.unreadable = findings.unreadable;
  result_.unreadable_count = findings.unreadable_count;
  result_.totals = root_.totals;
  return std::move(result_);
}

void Snapshot::assemble() {
  while (auto batch = digests_.pop()) {
    const ChunkIndex::Burst burst(store_.index);  // not while waiting for the source
    for (auto& step : batch->steps) {
      if (auto* piece = std::get_if<Piece>(&step)) {
        handle(*batch, *piece);
      } else if (auto* file = std::get_if<FileDone>(&step)) {
        handle(std::move(*file));
      } else if (std::holds_alternative<FileAgain>(step)) {
        bytes_done_ -= list_.size();
        list_.reset();
      } else if (std::holds_alternative<FolderBegin>(step)) {
        folders_.emplace_back(sink_);
      } else if (auto* folder = std::get_if<FolderDone>(&step)) {
        handle(std::move(*folder));
      } else {
        handle(std::get<LinkDone>(std::move(step)));
      }
    }
    const std::uint64_t total = bytes_total_ == 0 ? 0 : std::max(bytes_total_, bytes_done_);
    report(options_.progress, {"reading", "", bytes_done_, total});
  }
  result_.root = store_node(DigestKind::root, encode(root_));
  pass_on(data_);
  pass_on(nodes_);
}

void Snapshot::handle(const SourceBatch& batch, const Piece& piece) {
  if (is_new(piece.digest, piece.size)) {
    if (!data_.fits(DigestKind::chunk, piece.size)) pass_on(data_);
    data_.add(DigestKind::chunk, piece.digest, {batch.data.get() + piece.offset, piece.size});
  }
  list_.add({piece.digest, piece.size});
  bytes_done_ += piece.size;
}

void Snapshot::handle(FileDone&& done) {
  list_.finish(done.entry);
  ++root_.totals.files;
  root_.totals.bytes += done.entry.size;
  folders_.back().add(std::move(done.entry));
}

void Snapshot::handle(FolderDone&& done) {
  folders_.back().finish(done.entry);
  folders_.pop_back();
  if (folders_.empty()) {
    root_.folder = std::move(done.entry);
  } else {
    ++root_.totals.dirs;
    folders_.back().add(std::move(done.entry));
  }
}

void Snapshot::handle(LinkDone&& done) {
  auto& count =
      done.entry.type == EntryType::symlink ? root_.totals.symlinks : root_.totals.hardlinks;
  ++count;
  folders_.back().add(std::move(done.entry));
}

Digest Snapshot::store_node(DigestKind kind, Bytes encoded) {
  const Digest digest = digest_of(kind, encoded);
  if (is_new(digest, encoded.size())) {
    if (nodes_.raw_size() >= kNodeBlockBytes || !nodes_.fits(kind, encoded.size())) {
      pass_on(nodes_);
    }
    nodes_.add(kind, digest, encoded);
  }
  return digest;
}

bool Snapshot::is_new(const Digest& digest, std::size_t size) {
  for (const auto committed = blocks_committed_.load(); first_pending_block_ < committed;
       ++first_pending_block_) {
    for (const auto& known : pending_by_block_.front()) pending_.erase(known);
    pending_by_block_.pop_front();
  }
  if (pending_.contains(digest) || store_.index.has(digest)) return false;
  pending_.insert(digest);
  ++result_.new_objects;
  result_.new_bytes += size;
  return true;
}

void Snapshot::pass_on(BlockBuilder& builder) {
  if (builder.empty()) return;
  BlockBuilder::Raw raw = builder.take();
  auto& digests = pending_by_block_.emplace_back();
  digests.reserve(raw.objects.size());
  for (const auto& object : raw.objects) digests.push_back(object.digest);
  blocks_.push(std::move(raw));
}

void Snapshot::write(const Block& block) {
  if (!pack_) pack_ = std::make_unique<PackWriter>(*store_.packs);
  pack_->add(block);
  ++blocks_written_;
  if (pack_->full()) pass_on_pack();
}

void Snapshot::pass_on_pack() {
  if (pack_) written_packs_.push({std::move(pack_), blocks_written_});
}

void Snapshot::finish_packs() {
  std::vector<FinishedPack> durable;  // and not yet in the index
  std::size_t objects = 0;
  const auto commit = [&](std::uint64_t blocks_written) {
    const std::vector<FinishedPack> packs = std::exchange(durable, {});
    store_.index.add_packs(packs);
    for (const FinishedPack& pack : packs) {
      result_.packs.push_back(pack.name);
      result_.stored_bytes += pack.size;
    }
    objects = 0;
    blocks_committed_ = blocks_written;
  };
  std::uint64_t blocks_written = 0;
  try {
    while (const auto written = written_packs_.pop()) {
      blocks_written = written->blocks_written;
      durable.push_back(written->pack->finish());
      for (const PackedBlock& block : durable.back().index.blocks) objects += block.objects.size();
      if (durable.size() == kPacksAtOnce || objects >= kPackObjects) commit(blocks_written);
    }
    commit(blocks_written);
  } catch (...) {
    // For the next snapshot; where that fails, too, opening the store finds them.
    try {
      store_.index.add_packs(durable);
    } catch (const Error&) {
    }
    throw;
  }
}

// Each object was found here or stored: the first plan need not look again.
SnapshotResult noted(Store::Impl& store, const std::function<SnapshotResult()>& snapshot) {
  const std::uint64_t version = store.index.version();
  SnapshotResult result = snapshot();
  store.index.note_whole(result.root, version);
  return result;
}

}  // namespace

SnapshotResult Store::snapshot(const std::string& source, const SnapshotOptions& options) {
  return noted(*impl_, [&] { return Snapshot(*impl_, options).run(source); });
}

SnapshotResult Store::snapshot(const Fd& stream, const StreamName& named,
                               const SnapshotOptions& options) {
  return noted(*impl_, [&] { return Snapshot(*impl_, options).run(stream, named); });
}

}  // namespace courier
