// From one keel.kernel to one device function.
#pragma once

#include "passes/cost/DeviceDescription.h"
#include "passes/gpu/MainLoop.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace keel {

/// The module's device code, empty as yet.
mlir::gpu::GPUModuleOp addDeviceModule(mlir::ModuleOp module);

/// How a kernel runs: what follows from its sections and the device.
struct KernelSchedule {
  int64_t threads = 256; // that run the tile program
  std::vector<SectionSchedule> sections;
  /// Further threads of a block, which do nothing but copy.
  bool isSpecialised() const {
    return llvm::any_of(sections,
                        [](const SectionSchedule &section) { return section.loop == SectionSchedule::Loop::Wgmma; });
  }
  int64_t cluster() const { return isSpecialised() ? sections.front().cluster : 1; }
  bool pingpong() const { return isSpecialised() && sections.front().pingpong; }
  /// Groups of `threads` that run tile programs of their own.
  int64_t groups() const { return pingpong() ? wgmmaThreads / groupThreads : 1; }
  int64_t blockThreads() const { return threads * groups() + (isSpecialised() ? copyingThreads : 0); }
  /// Seconds, where both could be had.
  struct Compared {
    double wgmma, mma;
  };
  std::optional<Compared> compared;
  int64_t mostBlocks = 0; // that a kernel whose blocks stay for several tiles is launched with
  std::string describe(const KernelSpace &space) const;
};

/// On a kernel: the tile of its main loop, [rows, columns], in the place of the chosen one.
constexpr llvm::StringLiteral tileAttribute = "keel.tile";

/// On a kernel, or on the module for all that can: its groups of threads take turns (wgmma), in so many blocks at most,
/// whatever else would be chosen; 0: they do not; i64.
constexpr llvm::StringLiteral pingpongAttribute = "keel.pingpong";

/// On a kernel: how many blocks share a tile of its main loop (mma.sync, rows of known number), in the place of what is
/// chosen; i64.
constexpr llvm::StringLiteral splitsAttribute = "keel.splits";

/// On a kernel: "wgmma" or "mma.sync" for a product that both take; else it is wgmma, or mma.sync where that is
/// expected to take a tenth less time. A forced tile, ping-pong or cluster is wgmma's.
constexpr llvm::StringLiteral loopAttribute = "keel.loop";

/// On a kernel: how often what a thread holds of a tile is to be halved, since it spilled registers; i64, up to
/// mostNarrow.
constexpr llvm::StringLiteral narrowAttribute = "keel.narrow";
constexpr int64_t mostNarrow = 6, wgmmaTiles = 3; // from that many on, wgmma has none that is narrow enough
inline int64_t narrowingOf(KernelOp kernel) {
  auto narrow = kernel->getAttrOfType<mlir::IntegerAttr>(narrowAttribute);
  return narrow ? narrow.getInt() : 0;
}

/// Chooses tiles and main loops for a device; `batch` is the most rows where their number is dynamic; `hasWgmma`: the
/// target is sm_90a.
KernelSchedule chooseSchedule(KernelOp kernel, const KernelSpace &space, const DeviceDescription &device, int64_t batch,
                              bool hasWgmma);

/// A remark for each section that completes rows: what that is expected to add to its time, on every GPU that runs the
/// target and has a description; and one for a choice between main loops.
void explainRowCosts(KernelOp kernel, const KernelSpace &space, const KernelSchedule &schedule, int64_t batch,
                     unsigned sm, bool hasWgmma);

/// What a kernel needs beside its operands: partial sums, which later blocks add up.
struct Workspace {
  mlir::RankedTensorType type; // the leading extent counts the tiles of rows, where it is dynamic
  unsigned section;
  mlir::Value sum; // the result that it holds parts of
};

/// What was made of a kernel.
struct DeviceFunction {
  mlir::LLVM::LLVMFuncOp function;
  std::vector<Workspace> workspaces; // inits after the kernel's, in order
  unsigned tickets = 0;              // i32 counters that its launches keep for themselves, zero before the first one
  int64_t words = 0;                 // i64 words likewise, which its blocks exchange
};

/// Emits the device function of a kernel whose computations run over tiles. `firstTicket` and `firstWord` are the
/// numbers of its first counter and word; `batch` is the most rows where their number is dynamic.
DeviceFunction generateTileKernel(mlir::OpBuilder &moduleBuilder, KernelOp kernel, const KernelSpace &space,
                                  const KernelSchedule &schedule, unsigned firstTicket, int64_t firstWord,
                                  int64_t batch);

/// A section's tiles along its rows' length; and all of them, where the number of rows is known.
int64_t columnTiles(const Section &section, const SectionSchedule &schedule);
int64_t tilesOf(const Section &section, const SectionSchedule &schedule);

/// The kernel's argument that tells a tensor's extent: one of its dimensions, or the argument itself.
std::pair<unsigned, std::optional<unsigned>> findExtent(std::pair<mlir::Value, unsigned> where);

/// Moves loads of what the kernel does not change nearer to their use.
void sinkLoads(mlir::LLVM::LLVMFuncOp function);

/// Takes out the barriers after which nothing uses shared memory before the next.
void eraseLastBarriers(mlir::LLVM::LLVMFuncOp function);

/// The number of blocks of each section, and of each section's tiles of rows, as values at the launch.
struct LaunchSize {
  mlir::Value blocks;                      // index
  llvm::SmallVector<mlir::Value> rowTiles; // index, a section each
};
LaunchSize buildLaunchSize(mlir::OpBuilder &builder, KernelOp kernel, const KernelSpace &space,
                           const KernelSchedule &schedule);

/// A kernel of one computation of any shape: a thread for each element of its result.
/// Fails with an error for an op that no GPU kernel is made of.
mlir::FailureOr<mlir::LLVM::LLVMFuncOp> generateElementKernel(mlir::OpBuilder &moduleBuilder, KernelOp kernel);
constexpr int64_t elementThreads = 256;
/// Its number of blocks, as an index at the launch.
mlir::Value buildElementLaunchSize(mlir::OpBuilder &builder, KernelOp kernel);

} // namespace keel
