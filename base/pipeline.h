// Pipeline: stages joined by small bounded queues; cancellation and the first error carried through
// them. The only threading in the rooms. State is handed over, not shared.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace courier {

// A queue that holds at most `capacity` items. After close() the rest is popped, then nullopt;
// after fail() both sides throw the error at once.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  void push(T item) {
    std::unique_lock lock(mutex_);
    can_push_.wait(lock, [&] { return items_.size() < capacity_ || error_ || closed_; });
    if (error_) std::rethrow_exception(error_);
    if (closed_) return;
    items_.push_back(std::move(item));
    can_pop_.notify_one();
  }

  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    can_pop_.wait(lock, [&] { return !items_.empty() || closed_ || error_; });
    if (error_) std::rethrow_exception(error_);
    if (items_.empty()) return std::nullopt;
    T item = std::move(items_.front());
    items_.pop_front();
    can_push_.notify_one();
    return item;
  }

  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    can_pop_.notify_all();
    can_push_.notify_all();
  }

  void fail(std::exception_ptr error) {
    std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
    can_pop_.notify_all();
    can_push_.notify_all();
  }

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable can_push_, can_pop_;
  std::deque<T> items_;
  std::exception_ptr error_;
  bool closed_ = false;
};

// Worker threads that take any task; used by OrderedStage. Joins in the destructor.
class ThreadPool {
 public:
  explicit ThreadPool(std::size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  void run(std::function<void()> task);
  std::size_t size() const { return threads_.size(); }

 private:
  BoundedQueue<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
};

// A parallel stage that keeps order: items go to the pool, results come out in the order in which
// items went in. At most `depth` items are under way; push() from one thread, pop() from another
// (or the same, if it pops when full()).
template <typename In, typename Out>
class OrderedStage {
 public:
  OrderedStage(ThreadPool& pool, std::size_t depth, std::function<Out(In)> work)
      : pool_(pool), work_(std::move(work)), slots_(depth) {}

  void push(In item) {
    auto task = std::make_shared<std::packaged_task<Out()>>(
        [this, item = std::make_shared<In>(std::move(item))]() mutable {
          return work_(std::move(*item));
        });
    slots_.push(task->get_future());
    pool_.run([task] { (*task)(); });
  }
  void close() { slots_.close(); }
  void fail(std::exception_ptr error) { slots_.fail(std::move(error)); }
  // The next result, or nullopt at the end. Rethrows what the work threw.
  std::optional<Out> pop() {
    auto slot = slots_.pop();
    if (!slot) return std::nullopt;
    return slot->get();
  }

 private:
  ThreadPool& pool_;
  std::function<Out(In)> work_;
  BoundedQueue<std::future<Out>> slots_;
};

// Number of workers for a compute stage: the cores, at least 1, at most 16.
std::size_t worker_count();

}  // namespace courier
