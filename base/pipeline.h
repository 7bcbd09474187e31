// Pipeline: stages joined by small bounded queues; cancellation and the first error carried through
// them. The only threading in the rooms. State is handed over, not shared.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
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

  std::size_t size() const {
    std::lock_guard lock(mutex_);
    return items_.size();
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
  mutable std::mutex mutex_;
  std::condition_variable can_push_, can_pop_;
  std::deque<T> items_;
  std::exception_ptr error_;
  bool closed_ = false;
};

// A thread. Errors: device, on a machine at its limit of threads or memory.
std::thread start_thread(std::function<void()> work);

// Worker threads that take any task: as many as can be had, at least one (Errors: device). Its own
// queue has no bound, so that run() never blocks: the bound is the depth of each stage. A task must
// not throw and must not wait for another one of the pool. The end runs what was given, and joins.
class ThreadPool {
 public:
  explicit ThreadPool(std::size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  void run(std::function<void()> task);
  std::size_t size() const { return threads_.size(); }

 private:
  BoundedQueue<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
};

// A parallel stage that keeps order: items go to the pool, results come out in the order in which
// items went in. At most `depth` results are waiting or under way; push() from one thread, pop()
// from another (or the same, if it pops when full()). The work runs on the pool's threads and may
// throw; it must not push to a bounded queue that only another task of the pool empties. After
// fail(), or when the stage is destroyed early, items not yet begun are dropped; the destructor
// waits for those that have begun. The pool must outlive the stage.
template <typename In, typename Out>
class OrderedStage {
 public:
  OrderedStage(ThreadPool& pool, std::size_t depth, std::function<Out(In)> work)
      : pool_(pool), depth_(depth), work_(std::move(work)), slots_(depth) {}
  OrderedStage(const OrderedStage&) = delete;
  OrderedStage& operator=(const OrderedStage&) = delete;
  ~OrderedStage() {
    dropping_ = true;
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [&] { return under_way_ == 0; });
  }

  void push(In item) {
    // Shared by the pool's task, which must be copyable, and nobody else.
    auto task = std::make_shared<std::packaged_task<Out()>>(
        [this, item = std::move(item)]() mutable -> Out {
          if (dropping_) throw Dropped();
          return work_(std::move(item));
        });
    slots_.push(task->get_future());
    {
      std::lock_guard lock(mutex_);
      ++under_way_;
    }
    pool_.run([this, task]() mutable {
      (*task)();
      task.reset();
      std::lock_guard lock(mutex_);
      --under_way_;
      idle_.notify_all();
    });
  }
  void close() { slots_.close(); }
  void fail(std::exception_ptr error) {
    dropping_ = true;
    slots_.fail(std::move(error));
  }
  bool full() const { return slots_.size() >= depth_; }
  // The next result, or nullopt at the end. Rethrows what the work threw.
  std::optional<Out> pop() {
    for (;;) {
      auto slot = slots_.pop();
      if (!slot) return std::nullopt;
      try {
        return slot->get();
      } catch (const Dropped&) {
        // Taken out just before fail(): the next pop throws what it was given.
      }
    }
  }

 private:
  struct Dropped {};  // instead of the result of an item that was not begun

  ThreadPool& pool_;
  const std::size_t depth_;
  std::function<Out(In)> work_;
  BoundedQueue<std::future<Out>> slots_;
  std::atomic<bool> dropping_ = false;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::size_t under_way_ = 0;  // given to the pool and not done
};

// Number of workers for a compute stage: the cores, at least 1, at most 16.
std::size_t worker_count();

}  // namespace courier
