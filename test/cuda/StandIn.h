// A CUDA driver without a GPU: what is behind the functions of StandIn.cpp.
//
// It is stricter than a driver needs to be. Work on a stream happens when somebody waits for it and not before; freed or
// foreign memory, a function without a current context, a copy from host memory that has changed or gone, and whatever is
// left over at the end are faults: one line on standard error, and the process aborts. Kernels go to the emulator: the
// image that a module is loaded from lies in a compiled model, which knows the emulated form of each kernel.
//
// The environment sets it up:
//   KEEL_STAND_IN_SM=90          compute capability (80)
//   KEEL_STAND_IN_VERSION=12020  of CUDA that the driver is of (13000)
//   KEEL_STAND_IN_DEVICES=0      how many GPUs (1)
//   KEEL_STAND_IN_MEMORY=65536   bytes of device memory (1 GiB)
//   KEEL_STAND_IN_BLOCKS=2       blocks that run at the same time (16)
//   KEEL_STAND_IN_FAIL=cuLaunchKernel:3:701   the third call of a function returns an error (several: comma-separated)
//   KEEL_STAND_IN_FAULT=symbol   that kernel fails when it runs: CUDA_ERROR_ILLEGAL_ADDRESS from the next wait on
//   KEEL_STAND_IN_LOG=file       each call, one a line
//   KEEL_STAND_IN_CHECKS=fast    of the emulator (full)
#ifndef KEEL_TEST_CUDA_STANDIN_H
#define KEEL_TEST_CUDA_STANDIN_H

#include "keel/artifact.h"
#include "runtime/cuda/DriverTypes.h"
#include "runtime/device/TensorMaps.h"
#include "runtime/emulator/Emulator.h"

#include <cstdint>
#include <deque>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace keel::stand_in {

/// Prints and aborts.
[[noreturn]] void fault(const std::string &message);

/// Memory of the device, or pinned memory of the host.
struct Allocation {
  std::unique_ptr<std::uint8_t[]> memory;
  std::uint8_t *base = nullptr;
  std::size_t bytes = 0;
  std::uint64_t serial = 0; // tells it from an earlier one at the same address
  bool isHost = false;
};

/// What a cubin says of a kernel.
struct CubinKernel {
  std::vector<std::uint32_t> parameterBytes; // in order
  std::uint32_t threads = 0;                 // of a block, where that is fixed
};
/// False if the image is no cubin.
bool readCubin(const void *image, std::size_t bytes, const std::string &symbol, CubinKernel &kernel);

struct Module {
  std::string file; // the model
  const keel_artifact_program *program = nullptr;
  std::shared_ptr<const void> imports;
  std::map<std::string, std::unique_ptr<CUfunc_st>> functions;
};

/// A kernel with its arguments, and the allocations they point into.
struct Launch {
  CUfunction function;
  std::uint32_t blocks, threads, sharedBytes, cluster;
  bool early; // programmatic stream serialization
  std::vector<std::uint64_t> arguments;
  std::vector<runtime::EncodedTensorMap> maps; // by value, as what is given to a launch
  std::vector<std::pair<const std::uint8_t *, std::uint64_t>> uses; // base and serial
};

struct Work {
  std::function<void()> run;
  std::vector<const void *> uses; // allocations
  bool isLaunch = false;
};

} // namespace keel::stand_in

struct CUfunc_st {
  const keel_artifact_kernel *kernel;
  int dynamicBytes = 0; // granted
  bool isCubin = false; // else the image is a test's, and says nothing
  keel::stand_in::CubinKernel cubin;
};
struct CUmod_st : keel::stand_in::Module {};
struct CUctx_st {
  int retained = 0;
};
struct CUgraph_st {
  std::vector<keel::stand_in::Launch> launches;
};
struct CUgraphExec_st : CUgraph_st {};
struct CUstream_st {
  std::deque<keel::stand_in::Work> pending;
  bool isCapturing = false;
  CUgraph_st captured;
};
struct CUevent_st {
  bool withTiming = false, isRecorded = false;
  CUstream stream = nullptr; // of the last record
  unsigned pending = 0; // records that have not been reached
  double time = 0;      // microseconds
};

namespace keel::stand_in {

class Driver {
public:
  Driver();
  ~Driver();

  /// At the start of each function: logs it, and gives the error that it was told to give, or success.
  CUresult enter(const char *function, bool needsContext, const std::string &detail = "");

  Allocation &allocate(std::size_t bytes, bool isHost);
  void free(const void *base, bool isHost);
  /// The allocation that holds all of [address, address + bytes).
  Allocation *find(const void *address, std::size_t bytes);

  /// The host writes device memory.
  void write(std::uint8_t *to, const void *from, std::size_t bytes);

  CUresult load(CUmod_st &module, const void *image);
  CUresult launch(CUstream stream, Launch launch);
  void enqueue(CUstream stream, std::function<void()> work, std::vector<const void *> uses);
  void enqueue(CUstream stream, const Launch &launch);
  /// Runs what a stream holds; until `event` has been reached, where there is one.
  CUresult drain(CUstream stream, const CUevent_st *event = nullptr);
  void execute(const Launch &launch);
  void checkUses(const Launch &launch, const char *when);

  bool isInitialised = false;
  int sm = 80, version = 13000, numDevices = 1;
  std::size_t totalBytes = std::size_t(1) << 30, usedBytes = 0;
  CUctx_st context;
  std::vector<CUcontext> current;
  std::set<CUmodule> modules;
  std::set<CUstream> streams;
  std::set<CUevent> events;
  std::set<CUgraph> graphs;
  std::set<CUgraphExec> executables;
  CUresult sticky = CUDA_SUCCESS; // after a kernel failed nothing works
  double clock = 0;

  /// So many run at the same time.
  unsigned blocksAtATime() const { return options.residentBlocks; }

private:
  emulator::Emulator emulator;
  emulator::Options options;
  struct Failure {
    std::string function;
    unsigned call;
    CUresult result;
  };
  std::vector<Failure> failures;
  std::map<std::string, unsigned> calls;
  std::string faulting;
  std::ofstream log;
  std::map<const std::uint8_t *, Allocation> allocations;
  std::uint64_t nextSerial = 1;
};

} // namespace keel::stand_in

#endif
