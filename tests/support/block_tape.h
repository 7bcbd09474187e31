// A tape in memory whose drive knows blocks of one size only, as the st driver shows one in fixed
// block mode: it does not keep where a record ends, and a read takes as much as it is given room
// for, up to a filemark. Source: Documentation/scsi/st.rst.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "media/tape_drive.h"

namespace courier::test {

class BlockTape final : public TapeDrive {
 public:
  // An empty block is a filemark.
  using Blocks = std::vector<Bytes>;

  BlockTape(std::shared_ptr<Blocks> blocks, std::size_t block_size)
      : blocks_(std::move(blocks)), block_size_(block_size) {}

  std::string name() const override { return "/dev/nst9"; }
  std::size_t block_size() const override { return block_size_; }
  std::uint64_t room() override { return 1u << 30; }
  TapeRead read_record(MutableByteView out) override {
    if (at_ >= blocks_->size()) return {};
    if ((*blocks_)[at_].empty()) {
      ++at_;
      return {TapeRead::Kind::filemark, 0};
    }
    std::size_t n = 0;
    for (; at_ < blocks_->size() && !(*blocks_)[at_].empty() && n + block_size_ <= out.size();
         ++at_) {
      std::ranges::copy((*blocks_)[at_], out.begin() + static_cast<std::ptrdiff_t>(n));
      n += block_size_;
    }
    return {TapeRead::Kind::record, n};
  }
  void write_record(ByteView record) override {
    if (record.size() % block_size_ != 0) {
      throw Error(ErrorCode::device, name(), "takes whole blocks only");
    }
    blocks_->resize(at_);
    for (; !record.empty(); record = record.subspan(block_size_)) {
      blocks_->push_back(to_bytes(record.first(block_size_)));
    }
    at_ = blocks_->size();
  }
  void write_filemark() override {
    blocks_->resize(at_);
    blocks_->emplace_back();
    at_ = blocks_->size();
  }
  void rewind() override { at_ = 0; }
  bool space_files(std::uint64_t n) override {
    for (; n > 0; --n) {
      while (at_ < blocks_->size() && !(*blocks_)[at_].empty()) ++at_;
      if (at_ >= blocks_->size()) return false;
      ++at_;
    }
    return true;
  }
  void forget_caches() override {}

 private:
  const std::shared_ptr<Blocks> blocks_;
  const std::size_t block_size_;
  std::size_t at_ = 0;
};

}  // namespace courier::test
