// The compiler as a sequence of levels (design §1): one pipeline from each level to the next, and the options they share.
#pragma once

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace keel {
/// What the levels are called, in order, as in keel-compile's --emit.
enum class Level { Model, Graph, Step, Kernels, Tiles, Buffers, Llvm };

struct PipelineOptions : mlir::PassPipelineOptions<PipelineOptions> {
  Option<std::string> train{*this, "train", llvm::cl::desc("optimizer of the training step: sgd, momentum or adamw"),
                            llvm::cl::init("")};
  Option<int64_t> batch{*this, "batch", llvm::cl::desc("largest batch of one call"), llvm::cl::init(128)};
  Option<std::string> precision{*this, "precision", llvm::cl::desc("what matmuls read: f32, tf32, bf16 or f16"),
                                llvm::cl::init("f32")};
  Option<bool> fuse{*this, "fuse", llvm::cl::desc("group computations into kernels"), llvm::cl::init(true)};
  Option<bool> algebra{*this, "algebra", llvm::cl::desc("rewrite normalizations by algebra before fusing them"),
                       llvm::cl::init(true)};
  Option<bool> pivot{*this, "pivot", llvm::cl::desc("shift batch norms' inputs by the batch mean known before the matmul"),
                     llvm::cl::init(false)};
  Option<unsigned> sm{*this, "sm", llvm::cl::desc("compute capability of the GPU: 80, 90, ...; 0 for a CPU"),
                      llvm::cl::init(0)};
  Option<bool> wgmma{*this, "wgmma", llvm::cl::desc("the GPU has wgmma and the copy engine (sm_90a)"), llvm::cl::init(false)};
  Option<std::string> loop{*this, "loop",
                           llvm::cl::desc("wgmma or mma.sync for a GPU's products that both take; else what the "
                                          "cost model expects to be faster"),
                           llvm::cl::init("")};
  ListOption<std::string> narrow{*this, "narrow",
                                 llvm::cl::desc("kernels of a GPU that spill registers, once for each time that "
                                                "their tile is to be smaller")};
  Option<int64_t> vectorBits{*this, "vector-bits", llvm::cl::desc("width of the CPU's vector registers"),
                             llvm::cl::init(512)};
  Option<int64_t> vectorRegisters{*this, "vector-registers", llvm::cl::desc("number of the CPU's vector registers"),
                                  llvm::cl::init(32)};
};

/// A model as it is written or imported: verified, its functions inlined.
void buildGraphPipeline(mlir::OpPassManager &manager, const PipelineOptions &options);
/// Adds @train_step, brings @forward into inference form.
void buildStepPipeline(mlir::OpPassManager &manager, const PipelineOptions &options);
/// Groups computations into kernels; state becomes arguments.
void buildKernelsPipeline(mlir::OpPassManager &manager, const PipelineOptions &options);
/// Gives every kernel its loops.
void buildTilesPipeline(mlir::OpPassManager &manager, const PipelineOptions &options);
/// Tensors become buffers with a place in memory.
void buildBuffersPipeline(mlir::OpPassManager &manager, const PipelineOptions &options);
/// Code in the LLVM dialect: of the CPU, or of the GPU in a gpu.module, with the host's side of its entries.
void buildLlvmPipeline(mlir::OpPassManager &manager, const PipelineOptions &options);

/// All pipelines after level `from`, up to and including level `to`.
void buildPipeline(mlir::OpPassManager &manager, const PipelineOptions &options, Level from, Level to);

/// Registers each pipeline for the command line.
void registerPipelines();
} // namespace keel
