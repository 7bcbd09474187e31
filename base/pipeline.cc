#include "base/pipeline.h"

#include <algorithm>
#include <cstdint>
#include <system_error>

namespace courier {

ThreadPool::ThreadPool(std::size_t threads) : tasks_(SIZE_MAX) {
  threads = std::max<std::size_t>(threads, 1);
  threads_.reserve(threads);
  try {
    while (threads_.size() < threads) {
      threads_.emplace_back([this] {
        while (auto task = tasks_.pop()) (*task)();
      });
    }
  } catch (const std::system_error&) {
    // A machine at its limit of threads: those that came do the work.
    if (threads_.empty()) throw;
  }
}

ThreadPool::~ThreadPool() {
  tasks_.close();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::run(std::function<void()> task) { tasks_.push(std::move(task)); }

std::size_t worker_count() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 16);
}

}  // namespace courier
