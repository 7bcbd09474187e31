// Tape ring: the records between what reads a volume and what writes the tape. A tape that runs dry
// stops, winds back and starts again, which wears it and takes seconds; so writing begins when the
// ring is nearly full, and again only then after it ran dry, which is counted.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include "base/bytes.h"

namespace courier {

// One thread pushes, one pops.
class TapeRing {
 public:
  // capacity: in records; popping begins when start_at are there.
  TapeRing(std::size_t capacity, std::size_t start_at) : capacity_(capacity), start_at_(start_at) {}

  // Throws what fail() was given.
  void push(Bytes record) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return records_.size() < capacity_ || error_; });
    if (error_) std::rethrow_exception(error_);
    records_.push_back(std::move(record));
    changed_.notify_all();
  }
  // No more comes. That the ring is dry now is the end, and not a stop on the way.
  void close() {
    std::lock_guard lock(mutex_);
    if (records_.empty() && !is_running_ && underruns_ > 0) --underruns_;
    is_closed_ = true;
    changed_.notify_all();
  }
  // The next record; nullopt after the last. Throws what fail() was given.
  std::optional<Bytes> pop() {
    std::unique_lock lock(mutex_);
    if (records_.empty() && !is_closed_) {
      if (is_running_) ++underruns_;
      is_running_ = false;
    }
    changed_.wait(lock, [&] {
      return error_ || is_closed_ || records_.size() >= (is_running_ ? 1 : start_at_);
    });
    if (error_) std::rethrow_exception(error_);
    if (records_.empty()) return std::nullopt;
    is_running_ = true;
    Bytes record = std::move(records_.front());
    records_.pop_front();
    changed_.notify_all();
    return record;
  }
  void fail(std::exception_ptr error) {
    std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
    changed_.notify_all();
  }
  // How often it ran dry before the end.
  std::uint64_t underruns() const {
    std::lock_guard lock(mutex_);
    return underruns_;
  }

 private:
  const std::size_t capacity_, start_at_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Bytes> records_;
  std::exception_ptr error_;
  bool is_closed_ = false, is_running_ = false;
  std::uint64_t underruns_ = 0;
};

}  // namespace courier
