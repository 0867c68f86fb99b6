// What each kernel takes, and the trace of it all.
#include "runtime/data/Formats.h"
#include "runtime/model/Model.h"
#include "runtime/support/Error.h"

#include <cstdio>
#include <limits>

namespace keel::runtime {

void Model::record(bool on) {
  if (on) {
    kernelEvents.clear();
    recordStart = now();
  }
  recording = on;
  if (placement)
    return placement->device().record(on);
  if (!pool)
    pool.emplace(threadCount);
  pool->record(on);
}

void Model::collectEvents() {
  if (recording)
    for (const Device::Event &event : placement->device().takeEvents())
      kernelEvents.push_back({event.entry, event.kernel, event.begin, event.end});
}

void Model::timeCalls(bool on) {
  if (placement)
    placement->device().timeRuns(on);
  timing = on;
}

double Model::callSeconds() {
  if (timing && placement)
    if (std::optional<double> seconds = placement->device().runTime())
      return *seconds;
  return std::numeric_limits<double>::quiet_NaN();
}

void Model::runKernel(const keel_artifact_entry &called, std::uint32_t kernel, keel_kernel_body body,
                      const void *captured, std::int64_t count) {
  std::uint64_t begin = now();
  pool->run(body, captured, count, kernelEvents.size());
  kernelEvents.push_back({&called, kernel, begin - recordStart, now() - recordStart});
}

namespace {
std::string quoted(const char *text) {
  std::string result = "\"";
  for (const char *c = text ? text : ""; *c; ++c) {
    if (*c == '"' || *c == '\\')
      result += '\\';
    result += static_cast<unsigned char>(*c) < ' ' ? ' ' : *c;
  }
  return result + '"';
}

std::string microseconds(std::uint64_t nanoseconds) {
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%llu.%03llu", static_cast<unsigned long long>(nanoseconds / 1000),
                static_cast<unsigned long long>(nanoseconds % 1000));
  return buffer;
}
} // namespace

/// Chrome's trace event format, which Perfetto reads: complete events ("X"), one track a thread.
void Model::writeTrace(const std::string &path) const {
  AtomicFile file(path);
  file.write("{\"displayTimeUnit\": \"ns\", \"traceEvents\": [\n");
  auto track = [&](unsigned id, const std::string &name) {
    file.write(text("{\"ph\": \"M\", \"pid\": 1, \"tid\": ", id, ", \"name\": \"thread_name\", \"args\": {\"name\": \"",
                    name, "\"}},\n"));
  };
  auto nameOf = [](const keel_kernel_event &event) {
    return event.kernel < event.entry->num_kernels ? event.entry->kernels[event.kernel].name : "?";
  };
  auto write = [&](unsigned id, const keel_kernel_event &event, std::uint64_t begin, std::uint64_t end) {
    const char *location = event.kernel < event.entry->num_kernels ? event.entry->kernels[event.kernel].location : "";
    file.write(text("{\"ph\": \"X\", \"pid\": 1, \"tid\": ", id, ", \"ts\": ", microseconds(begin),
                    ", \"dur\": ", microseconds(end - begin), ", \"name\": ", quoted(nameOf(event)), ", \"cat\": ",
                    quoted(event.entry->name), ", \"args\": {\"location\": ", quoted(location), "}},\n"));
  };
  track(0, "kernels");
  for (const keel_kernel_event &event : kernelEvents)
    write(0, event, event.begin, event.end);
  for (unsigned thread = 0; pool && thread < pool->threads(); ++thread) {
    track(thread + 1, text("thread ", thread));
    for (const ThreadPool::Record &piece : pool->records(thread))
      write(thread + 1, kernelEvents[piece.tag], piece.begin - recordStart, piece.end - recordStart);
  }
  file.write("{\"ph\": \"M\", \"pid\": 1, \"name\": \"process_name\", \"args\": {\"name\": \"evenkeel\"}}\n]}\n");
  file.commit();
}

} // namespace keel::runtime
