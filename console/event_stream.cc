#include "console/event_stream.h"

#include <algorithm>
#include <utility>

namespace courier {

void EventStream::push(const std::string& name, std::shared_ptr<const std::string> data) {
  waiting_[name] = std::move(data);
  if (ready_) ready_();
}

std::size_t EventStream::take(char* out, std::size_t most) {
  if (sent_ == sending_.size()) {
    if (waiting_.empty()) return 0;
    const auto first = waiting_.begin();
    sending_ = "event: " + first->first + "\ndata: " + *first->second + "\n\n";
    sent_ = 0;
    waiting_.erase(first);
  }
  const std::size_t count = std::min(most, sending_.size() - sent_);
  sending_.copy(out, count, sent_);
  sent_ += count;
  return count;
}

std::shared_ptr<EventStream> EventHub::open() {
  if (count() >= kMost) return nullptr;
  auto stream = std::make_shared<EventStream>();
  streams_.push_back(stream);
  return stream;
}

void EventHub::send(const std::string& name, const std::string& data,
                    const std::function<bool(const EventStream&)>& may) {
  const auto shared = std::make_shared<const std::string>(data);
  for (const std::weak_ptr<EventStream>& one : streams_) {
    const std::shared_ptr<EventStream> stream = one.lock();
    if (stream && (!may || may(*stream))) stream->push(name, shared);
  }
}

std::size_t EventHub::count() {
  std::erase_if(streams_, [](const auto& one) {
    const std::shared_ptr<EventStream> stream = one.lock();
    return !stream || stream->is_over;
  });
  return streams_.size();
}

}  // namespace courier
