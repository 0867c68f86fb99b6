// What the passes from state to artefact agree on: which functions are entries, and the attributes that carry what the
// artefact's metadata will say.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace keel {
/// On a global: "parameter", "buffer", "optimizer", "setting" or "derived".
constexpr llvm::StringLiteral roleAttribute = "keel.role";
/// On an argument (and on the result that stores it): the global it stands for.
constexpr llvm::StringLiteral stateAttribute = "keel.state";
/// On a state argument: 1 read, 2 written, 3 both (an i32).
constexpr llvm::StringLiteral accessAttribute = "keel.access";
/// On an argument: it receives a result.
constexpr llvm::StringLiteral outputAttribute = "keel.output";
/// On an argument: it is the arena.
constexpr llvm::StringLiteral arenaAttribute = "keel.arena";
/// On an entry, in bytes (i64): the arena, and one worker's scratch memory.
constexpr llvm::StringLiteral arenaBytesAttribute = "keel.arena_bytes";
constexpr llvm::StringLiteral scratchBytesAttribute = "keel.scratch_bytes";
/// On an entry: the largest batch of one call (i64); 0 where nothing depends on the batch.
constexpr llvm::StringLiteral batchCapacityAttribute = "keel.batch_capacity";
/// On an entry (a unit): a larger batch may be done in parts, since each case stays by itself.
constexpr llvm::StringLiteral splittableAttribute = "keel.splittable";
/// On an allocation inside a parallel loop: its place in the worker's scratch memory, in bytes (i64).
constexpr llvm::StringLiteral scratchOffsetAttribute = "keel.scratch_offset";

/// The functions a user calls: those of @forward, @loss, @train_step and @prepare that the module has, or, if it has
/// none of them, every public function with a body.
llvm::SmallVector<mlir::func::FuncOp> getEntries(mlir::ModuleOp module);

/// Whether the artefact's metadata can describe a tensor of this element type.
bool isArtifactElementType(mlir::Type type);
} // namespace keel
