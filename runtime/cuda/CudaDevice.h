// An NVIDIA GPU as a device: one stream, and one graph for each (entry, batch) seen.
#ifndef KEEL_CUDA_CUDADEVICE_H
#define KEEL_CUDA_CUDADEVICE_H

#include "runtime/cuda/Context.h"
#include "runtime/device/Device.h"

#include <map>
#include <utility>

namespace keel::runtime {

class CudaDevice final : public Device {
public:
  CudaDevice(std::shared_ptr<Context> opened, const keel_artifact_program &program);
  ~CudaDevice() override;

  std::string description() const override { return text(context->name, " (compute capability ", smText(context->sm), ")"); }
  unsigned queueDepth() const override { return 2; }
  std::optional<Space> space() override;
  std::shared_ptr<void> allocate(std::size_t bytes, const std::string &what) override;
  std::shared_ptr<std::uint8_t> allocateHost(std::size_t bytes) override;
  void copyIn(void *device, const void *host, std::size_t bytes) override;
  void copyOut(void *host, const void *device, std::size_t bytes) override;
  void zero(void *device, std::size_t bytes) override;
  void discard(void *, std::size_t) override {}
  void run(const keel_artifact_entry &entry, std::span<void *const> buffers, void *arena, std::int64_t batch) override;
  void forgetRuns() override;
  Mark mark() override;
  void wait(Mark mark) override;
  void wait() override;
  void record(bool on) override;
  std::vector<Event> takeEvents() override;
  void timeRuns(bool on) override;
  std::optional<double> runTime() override;

private:
  friend LaunchEnvironment;
  struct Environment : LaunchEnvironment {
    CudaDevice *device;
    const keel_artifact_entry *entry;
  };
  struct Recorded {
    const keel_artifact_entry *entry;
    std::uint32_t kernel;
    CUevent begin, end;
  };
  static constexpr std::size_t numMarks = 8, mostGraphs = 64;

  void close();
  CUfunction loadKernel(const keel_artifact_kernel &kernel);
  std::uint32_t blocksAtATime(const keel_artifact_kernel &kernel, CUfunction function);
  CUevent makeEvent(unsigned flags);
  void launch(const keel_artifact_entry &entry, std::uint32_t index, std::uint32_t blocks,
              const std::uint64_t *arguments);
  void callEntry(const keel_artifact_entry &entry, std::span<void *const> buffers, void *arena, std::int64_t batch);
  CUgraphExec capture(const keel_artifact_entry &entry, std::span<void *const> buffers, void *arena,
                      std::int64_t batch);
  void checkDone(CUresult result);
  std::uint64_t nanoseconds(CUevent event);

  std::shared_ptr<Context> context; // shared by the memory that is taken from it
  const Driver &cu;
  bool checkEach;
  bool mayOverlap;      // kernels that wait for the one before them may start before it has ended
  bool follows = false; // the next launch follows another of the same call
  CUmodule module = nullptr;
  CUstream stream = nullptr;
  std::map<const keel_artifact_kernel *, CUfunction> functions;
  std::map<const keel_artifact_kernel *, std::uint32_t> mostBlocks; // that a launch has, where the kernel's blocks stay
  std::map<std::pair<const keel_artifact_entry *, std::int64_t>, CUgraphExec> graphs;
  std::vector<CUevent> marks; // mark n is event n % numMarks
  Mark lastMark = 0;
  const keel_artifact_entry *lastEntry = nullptr; // for errors that arrive late

  bool recording = false, timing = false, timed = false;
  CUevent recordStart = nullptr, runBegin = nullptr, runEnd = nullptr;
  std::vector<Recorded> recorded;
};

} // namespace keel::runtime

#endif
