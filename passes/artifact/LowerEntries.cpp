// Entries get the signature of keel_artifact_entry::call: buffers come as an array of pointers, the arena from the
// environment, every dynamic extent is the batch.
#include "passes/artifact/Passes.h"

#include "passes/artifact/Artifact.h"
#include "passes/artifact/PointersToMemrefs.h"
#include "passes/host/Host.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace keel {
#define GEN_PASS_DEF_LOWERENTRIES
#include "passes/artifact/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

// What the artefact's metadata will say, read off the arguments' and the function's attributes.
static DictionaryAttr describeEntry(func::FuncOp function) {
  Builder builder(function);
  SmallVector<Attribute> state, access, inputs, outputs;
  for (BlockArgument argument : function.getArguments()) {
    unsigned index = argument.getArgNumber();
    auto memref = cast<MemRefType>(argument.getType());
    auto type = TypeAttr::get(RankedTensorType::get(memref.getShape(), memref.getElementType()));
    if (auto symbol = function.getArgAttr(index, stateAttribute)) {
      state.push_back(symbol);
      access.push_back(function.getArgAttr(index, accessAttribute));
    } else if (function.getArgAttr(index, outputAttribute)) {
      outputs.push_back(type);
    } else if (!function.getArgAttr(index, arenaAttribute)) {
      inputs.push_back(type);
    }
  }
  auto bytes = [&](StringRef name) {
    Attribute value = function->getAttr(name);
    return value ? value : builder.getI64IntegerAttr(0);
  };
  SmallVector<NamedAttribute> description;
  if (function->hasAttr(splittableAttribute))
    description.push_back(builder.getNamedAttr("splittable", builder.getUnitAttr()));
  description.append({builder.getNamedAttr("state", builder.getArrayAttr(state)),
                                    builder.getNamedAttr("access", builder.getArrayAttr(access)),
                                    builder.getNamedAttr("inputs", builder.getArrayAttr(inputs)),
                                    builder.getNamedAttr("outputs", builder.getArrayAttr(outputs)),
                                    builder.getNamedAttr("arena_bytes", bytes(arenaBytesAttribute)),
                                    builder.getNamedAttr("scratch_bytes", bytes(scratchBytesAttribute)),
                                    builder.getNamedAttr("batch_capacity", bytes(batchCapacityAttribute))});
  return builder.getDictionaryAttr(description);
}

static void lowerEntry(func::FuncOp function) {
  OpBuilder builder(function);
  MLIRContext *context = builder.getContext();
  Location loc = function.getLoc();
  Type pointer = LLVM::LLVMPointerType::get(context), i64 = builder.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), {pointer, pointer, i64});
  auto entry = LLVM::LLVMFuncOp::create(builder, loc, function.getSymName(), type, LLVM::Linkage::Internal);
  entry->setAttr(entryAttribute, describeEntry(function));
  Block *block = entry.addEntryBlock(builder);
  builder.setInsertionPointToStart(block);
  Value env = block->getArgument(0), buffers = block->getArgument(1), batch = block->getArgument(2);

  SmallVector<Value> arguments;
  for (BlockArgument argument : function.getArguments()) {
    auto memref = cast<MemRefType>(argument.getType());
    if (function.getArgAttr(argument.getArgNumber(), arenaAttribute)) {
      Value arena = loadField(builder, loc, env, getEnvType(context), 0, pointer);
      auto bytes = function->getAttrOfType<IntegerAttr>(arenaBytesAttribute);
      Value size = LLVM::ConstantOp::create(builder, loc, i64, bytes ? bytes.getInt() : 0);
      arguments.push_back(buildMemref(builder, loc, arena, memref, size));
      continue;
    }
    Value address = LLVM::GEPOp::create(builder, loc, pointer, pointer, buffers,
                                        ArrayRef<LLVM::GEPArg>{int32_t(argument.getArgNumber())});
    Value buffer = LLVM::LoadOp::create(builder, loc, pointer, address);
    SmallVector<Value> sizes(memref.getNumDynamicDims(), batch);
    arguments.push_back(buildMemref(builder, loc, buffer, memref, sizes));
  }

  Block &body = function.getBody().front();
  Operation *terminator = body.getTerminator();
  block->getOperations().splice(block->end(), body.getOperations());
  for (auto [argument, value] : llvm::zip(body.getArguments(), arguments))
    argument.replaceAllUsesWith(value);
  builder.setInsertionPoint(terminator);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
  terminator->erase();
  function.erase();
}

namespace {
struct LowerEntries : keel::impl::LowerEntriesBase<LowerEntries> {
  void runOnOperation() override {
    for (func::FuncOp function : getEntries(getOperation())) {
      if (!function.getBody().hasOneBlock() || function.getNumResults() ||
          !llvm::all_of(function.getArgumentTypes(), llvm::IsaPred<MemRefType>)) {
        function.emitError("expected one block, memref arguments and no results; run --bufferize first");
        return signalPassFailure();
      }
      lowerEntry(function);
    }
  }
};
} // namespace
