#include "sender/base_search.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "sender/base_windows.h"
#include "store/similarity.h"
#include "store/store.h"

namespace courier {
namespace {

// Around a guessed place lies all of a smaller file anyway.
constexpr std::uint64_t kWorthLearning = 2u << 20;
constexpr std::size_t kMostFiles = 4;  // known at once, of at most 64 MiB of marks
constexpr std::uint64_t kReadAtOnce = 4u << 20;
constexpr std::size_t kPiece = 1u << 20;    // what one search is for
constexpr std::size_t kRegions = 2u << 20;  // found for it at most

bool is_worth_learning(const std::optional<BasePlace>& place) {
  return place && place->form == BaseForm::content && place->floor == 0 &&
         place->ceiling >= kWorthLearning;
}

// Ranges of each old file, those that touch or overlap as one.
class Regions {
 public:
  void add(const Digest& file, std::uint64_t offset, std::uint64_t length) {
    auto& ranges = files_[file];
    std::uint64_t end = offset + length;
    auto next = ranges.upper_bound(offset);
    if (next != ranges.begin() && std::prev(next)->second >= offset) {
      --next;
      offset = next->first;
    }
    while (next != ranges.end() && next->first <= end) {
      end = std::max(end, next->second);
      next = ranges.erase(next);
    }
    ranges[offset] = end;
  }

  void take(std::vector<BaseRange>& out) const {
    for (const auto& [file, ranges] : files_) {
      for (const auto& [offset, end] : ranges) {
        for (std::uint64_t at = offset; at < end;) {
          const auto length =
              static_cast<std::uint32_t>(std::min<std::uint64_t>(end - at, kMaxBase));
          out.push_back({BaseForm::content, file, at, length});
          at += length;
        }
      }
    }
  }

 private:
  std::map<Digest, std::map<std::uint64_t, std::uint64_t>> files_;
};

}  // namespace

struct BaseSearch::OldFile {
  Digest object;
  std::once_flag learnt;
  SimilarityIndex index;

  void learn(Store& store, std::uint64_t size) {
    try {
      for (std::uint64_t at = 0; at < size; at += kReadAtOnce) {
        const auto length = static_cast<std::uint32_t>(std::min(kReadAtOnce, size - at));
        index.add(0, at, store.read_base({{BaseForm::content, object, at, length}}));
      }
    } catch (const Error& error) {
      if (error.code() != ErrorCode::incomplete && error.code() != ErrorCode::damaged) throw;
      index = SimilarityIndex();  // what cannot be read is no base either
    }
    index.finish();
  }
};

std::shared_ptr<const BaseSearch::OldFile> BaseSearch::known(const BasePlace& place) {
  std::shared_ptr<OldFile> file;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(files_.begin(), files_.end(), [&](const auto& known) {
      return known->object == place.object;
    });
    if (found != files_.end()) {
      files_.splice(files_.begin(), files_, found);
    } else {
      if (files_.size() == kMostFiles) files_.pop_back();
      files_.push_front(std::make_shared<OldFile>());
      files_.front()->object = place.object;
    }
    file = files_.front();
  }
  std::call_once(file->learnt, [&] { file->learn(store_, place.ceiling); });
  return file;
}

std::vector<BaseRange> BaseSearch::find(const BlockBuilder::Raw& record,
                                        const std::vector<std::optional<BasePlace>>& places) {
  Regions regions;
  std::vector<BasePlace> by_place;
  std::size_t offset = 0;
  for (std::size_t i = 0; i < places.size();) {
    // A run of objects that replace parts of one old file.
    std::size_t size = record.objects[i].size, end = i + 1;
    if (is_worth_learning(places[i])) {
      while (end < places.size() && is_worth_learning(places[end]) &&
             places[end]->object == places[i]->object && size < kPiece) {
        size += record.objects[end++].size;
      }
      const auto found =
          known(*places[i])
              ->index.find(ByteView(record.raw).subspan(offset, size),
                           std::min(kRegions, 2 * size + 4 * std::size_t{kSimilarityGranule}));
      for (const SimilarRange& range : found) {
        regions.add(places[i]->object, range.offset, range.length);
      }
      if (found.empty()) {
        for (std::size_t k = i; k < end; ++k) by_place.push_back(*places[k]);
      }
    } else if (places[i]) {
      by_place.push_back(*places[i]);
    }
    offset += size;
    i = end;
  }

  std::vector<BaseRange> wanted, ranges;
  regions.take(wanted);
  const std::vector<BaseRange> windows = base_windows(by_place);
  wanted.insert(wanted.end(), windows.begin(), windows.end());
  std::uint32_t left = kMaxBase;
  for (BaseRange range : wanted) {
    range.length = std::min(range.length, left);
    if (range.length == 0 || ranges.size() == kMaxBaseRanges) break;
    ranges.push_back(range);
    left -= range.length;
  }
  return ranges;
}

}  // namespace courier
