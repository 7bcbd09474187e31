#include "console/event_stream.h"

#include <algorithm>
#include <utility>

namespace courier {

EventStream::Frame EventStream::frame(const std::string& name, const std::string& data) {
  return std::make_shared<const std::string>("event: " + name + "\ndata: " + data + "\n\n");
}

void EventStream::push(const std::string& name, Frame frame) {
  waiting_[name] = std::move(frame);
  if (ready_) ready_();
}

std::size_t EventStream::take(char* out, std::size_t most) {
  if (!sending_) {
    if (waiting_.empty()) return 0;
    sending_ = std::move(waiting_.begin()->second);
    sent_ = 0;
    waiting_.erase(waiting_.begin());
  }
  const std::size_t count = std::min(most, sending_->size() - sent_);
  sending_->copy(out, count, sent_);
  sent_ += count;
  if (sent_ == sending_->size()) sending_.reset();
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
  const EventStream::Frame frame = EventStream::frame(name, data);
  for (const std::weak_ptr<EventStream>& one : streams_) {
    const std::shared_ptr<EventStream> stream = one.lock();
    if (stream && (!may || may(*stream))) stream->push(name, frame);
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
