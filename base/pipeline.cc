#include "base/pipeline.h"

#include <sched.h>

#include <algorithm>
#include <cstdint>
#include <system_error>

#include "base/error.h"

namespace courier {

std::thread start_thread(std::function<void()> work) {
  try {
    return std::thread(std::move(work));
  } catch (const std::system_error& failure) {
    throw system_error(failure.code().value(), "courier", "cannot start a thread")
        .with_hint(
            "end other programs, or raise the limits of threads and memory ('ulimit -a'), "
            "and run the same command");
  }
}

ThreadPool::ThreadPool(std::size_t threads) : tasks_(SIZE_MAX) {
  threads = std::max<std::size_t>(threads, 1);
  threads_.reserve(threads);
  const auto work = [this] {
    while (auto task = tasks_.pop()) (*task)();
  };
  threads_.push_back(start_thread(work));
  try {
    while (threads_.size() < threads) threads_.emplace_back(work);
  } catch (const std::system_error&) {
    // A machine at its limit of threads: those that came do the work.
  }
}

ThreadPool::~ThreadPool() {
  tasks_.close();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::run(std::function<void()> task) { tasks_.push(std::move(task)); }

std::size_t worker_count() {
  // Those this process may use, asked of the kernel and not of a file: a confined child has none.
  cpu_set_t cores;
  const bool is_known = ::sched_getaffinity(0, sizeof cores, &cores) == 0;
  return std::clamp<std::size_t>(is_known ? static_cast<std::size_t>(CPU_COUNT(&cores)) : 1, 1, 16);
}

}  // namespace courier
