// A kernel's parallel loops become functions that the runtime's workers call, each over a range of the loop's
// iterations; what a kernel does outside them runs as a loop of one iteration, so that it is timed with its kernel.
#include "passes/cpu/Passes.h"

#include "dialect/keel/Keel.h"
#include "passes/artifact/Artifact.h"
#include "passes/artifact/PointersToMemrefs.h"
#include "passes/host/Host.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"

namespace keel {
#define GEN_PASS_DEF_OUTLINEPARALLEL
#include "passes/cpu/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

// Values that cost nothing to make again inside a body.
static bool isRematerializable(Value value) {
  Operation *op = value.getDefiningOp();
  return op && (matchPattern(op, m_Constant()) || isa<memref::GetGlobalOp>(op));
}

// Ops that may run on the calling thread between two launches: they touch no memory and hold no loops, or touch a
// single element.
static bool isScalar(Operation *op) {
  if (op->getNumRegions())
    return false;
  return isMemoryEffectFree(op) || isa<memref::LoadOp, memref::StoreOp>(op);
}

namespace {
class Outliner {
public:
  Outliner(LLVM::LLVMFuncOp entry, SymbolTable &symbols) : entry(entry), symbols(symbols), builder(entry) {}
  LogicalResult run();

private:
  LogicalResult outlineKernel(KernelOp kernel);
  LLVM::LLVMFuncOp createBody(Location loc);
  LogicalResult outlineLoop(scf::ForallOp loop);
  LogicalResult outlineSerial(ArrayRef<Operation *> ops);
  LogicalResult launch(LLVM::LLVMFuncOp body, Operation *before, Value count);
  LogicalResult lowerScratch(LLVM::LLVMFuncOp body);

  LLVM::LLVMFuncOp entry;
  SymbolTable &symbols;
  OpBuilder builder;
  std::string kernelName;
  uint32_t kernelIndex = 0;
};
} // namespace

// void body(const void *captured, int64_t begin, int64_t end, void *scratch), with an empty block.
LLVM::LLVMFuncOp Outliner::createBody(Location loc) {
  OpBuilder::InsertionGuard guard(builder);
  MLIRContext *context = builder.getContext();
  builder.setInsertionPoint(entry);
  Type pointer = LLVM::LLVMPointerType::get(context), i64 = builder.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), {pointer, i64, i64, pointer});
  auto body = LLVM::LLVMFuncOp::create(builder, loc, kernelName, type, LLVM::Linkage::Internal);
  symbols.insert(body); // makes the name unique
  for (unsigned argument : {0, 3}) {
    body.setArgAttr(argument, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
    body.setArgAttr(argument, LLVM::LLVMDialect::getNoCaptureAttrName(), builder.getUnitAttr());
  }
  body.setArgAttr(0, LLVM::LLVMDialect::getReadonlyAttrName(), builder.getUnitAttr());
  Block *block = body.addEntryBlock(builder);
  builder.setInsertionPointToEnd(block);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
  return body;
}

// Captures what the body uses from outside, and calls env->parallel in place of the outlined code.
LogicalResult Outliner::launch(LLVM::LLVMFuncOp body, Operation *before, Value count) {
  Location loc = before->getLoc();
  MLIRContext *context = builder.getContext();
  Type pointer = LLVM::LLVMPointerType::get(context), i64 = builder.getI64Type();
  llvm::SetVector<Value> captured;
  body.walk([&](Operation *op) {
    for (Value operand : op->getOperands())
      if (!body.getBody().isAncestor(operand.getParentRegion()))
        captured.insert(operand);
  });

  // On the calling side, the fields of the struct; in the body, the values rebuilt from them.
  SmallVector<Value> fields;
  IRMapping mapping;
  OpBuilder inside = OpBuilder::atBlockBegin(&body.getBody().front());
  builder.setInsertionPoint(before);
  SmallVector<std::pair<Value, SmallVector<unsigned>>> layout;
  for (Value value : captured) {
    if (isRematerializable(value)) {
      mapping.map(value, inside.clone(*value.getDefiningOp())->getResult(0));
      continue;
    }
    SmallVector<Value> parts;
    if (isa<MemRefType>(value.getType())) {
      SmallVector<Value> dynamic;
      parts.push_back(takeMemrefApart(builder, loc, value, dynamic));
      parts.append(dynamic);
    } else if (value.getType().isIndex()) {
      parts.push_back(arith::IndexCastOp::create(builder, loc, i64, value));
    } else {
      parts.push_back(value);
    }
    SmallVector<unsigned> indices;
    for (Value part : parts) {
      indices.push_back(fields.size());
      fields.push_back(part);
    }
    layout.emplace_back(value, indices);
  }
  auto structType = LLVM::LLVMStructType::getLiteral(context, llvm::map_to_vector(fields, [](Value field) { return field.getType(); }));
  for (auto &[value, indices] : layout) {
    SmallVector<Value> parts;
    for (unsigned index : indices)
      parts.push_back(loadField(inside, loc, body.getArgument(0), structType, index, fields[index].getType()));
    Value rebuilt = parts.front();
    if (auto memref = dyn_cast<MemRefType>(value.getType()))
      rebuilt = buildMemref(inside, loc, parts.front(), memref, ArrayRef(parts).drop_front());
    else if (value.getType().isIndex())
      rebuilt = arith::IndexCastOp::create(inside, loc, value.getType(), parts.front());
    mapping.map(value, rebuilt);
  }
  body.walk([&](Operation *op) {
    for (OpOperand &operand : op->getOpOperands())
      if (Value inner = mapping.lookupOrNull(operand.get()))
        operand.set(inner);
  });

  // One struct a launch, allocated at the function's start: a launch may be in a loop.
  OpBuilder start = OpBuilder::atBlockBegin(&entry.getBody().front());
  Value one = LLVM::ConstantOp::create(start, loc, i64, 1);
  // 64: what is captured may be a vector that was loop-invariant.
  Value storage = LLVM::AllocaOp::create(start, loc, pointer, structType, one, /*alignment=*/64);
  for (auto [index, field] : llvm::enumerate(fields)) {
    Value address = LLVM::GEPOp::create(builder, loc, pointer, structType, storage,
                                        ArrayRef<LLVM::GEPArg>{0, int32_t(index)});
    LLVM::StoreOp::create(builder, loc, field, address);
  }
  Value env = entry.getArgument(0);
  Value parallel = loadField(builder, loc, env, getEnvType(context), 1, pointer);
  Value kernel = LLVM::ConstantOp::create(builder, loc, builder.getI32Type(), int64_t(kernelIndex));
  Value function = LLVM::AddressOfOp::create(builder, loc, pointer, body.getSymName());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                          {pointer, builder.getI32Type(), pointer, pointer, i64});
  LLVM::CallOp::create(builder, loc, type, ValueRange{parallel, env, kernel, function, storage, count});
  return lowerScratch(body);
}

// body: for flat in [begin, end): the loop's variables, then its body.
LogicalResult Outliner::outlineLoop(scf::ForallOp loop) {
  Location loc = loop.getLoc();
  builder.setInsertionPoint(loop);
  SmallVector<Value> lower = loop.getLowerBound(builder), upper = loop.getUpperBound(builder), step = loop.getStep(builder);
  SmallVector<Value> counts;
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0), one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value total = one;
  for (auto [from, to, by] : llvm::zip(lower, upper, step)) {
    Value extent = arith::MaxSIOp::create(builder, loc, arith::SubIOp::create(builder, loc, to, from), zero);
    counts.push_back(arith::CeilDivUIOp::create(builder, loc, extent, by));
    total = arith::MulIOp::create(builder, loc, total, counts.back());
  }
  total = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), total);

  LLVM::LLVMFuncOp body = createBody(loc);
  OpBuilder inside(body.getBody().front().getTerminator());
  Type index = inside.getIndexType();
  Value begin = arith::IndexCastOp::create(inside, loc, index, body.getArgument(1));
  Value end = arith::IndexCastOp::create(inside, loc, index, body.getArgument(2));
  Value unit = arith::ConstantIndexOp::create(inside, loc, 1);
  auto range = scf::ForOp::create(inside, loc, begin, end, unit);
  inside.setInsertionPointToStart(range.getBody());
  Value flat = range.getInductionVar();
  SmallVector<Value> variables(counts.size());
  for (int64_t dimension = counts.size() - 1; dimension >= 0; --dimension) {
    Value position = flat;
    if (dimension > 0) {
      position = arith::RemUIOp::create(inside, loc, flat, counts[dimension]);
      flat = arith::DivUIOp::create(inside, loc, flat, counts[dimension]);
    }
    variables[dimension] = arith::AddIOp::create(inside, loc, lower[dimension],
                                                 arith::MulIOp::create(inside, loc, position, step[dimension]));
  }
  for (auto [variable, value] : llvm::zip(loop.getInductionVars(), variables))
    variable.replaceAllUsesWith(value);
  loop.getBody()->getTerminator()->erase();
  Block *target = range.getBody();
  target->getOperations().splice(std::prev(target->end()), loop.getBody()->getOperations());
  LogicalResult launched = launch(body, loop, total);
  loop.erase();
  return launched;
}

LogicalResult Outliner::outlineSerial(ArrayRef<Operation *> ops) {
  builder.setInsertionPoint(ops.front());
  Value one = LLVM::ConstantOp::create(builder, ops.front()->getLoc(), builder.getI64Type(), 1);
  LLVM::LLVMFuncOp body = createBody(ops.front()->getLoc());
  Operation *after = ops.back()->getNextNode();
  for (Operation *op : ops)
    op->moveBefore(body.getBody().front().getTerminator());
  return launch(body, after, one);
}

// The kernel's ops take its place; its loops and its serial stretches are outlined.
LogicalResult Outliner::outlineKernel(KernelOp kernel) {
  kernelName = (entry.getSymName() + "." + kernel.getName()).str();
  for (char &c : kernelName)
    if (!llvm::isAlnum(c) && c != '.' && c != '_')
      c = '_';
  for (auto [argument, operand] : llvm::zip(kernel.getBlock()->getArguments(), kernel.getOperands()))
    argument.replaceAllUsesWith(operand);
  kernel.getBlock()->getTerminator()->erase();
  SmallVector<Operation *> ops;
  for (Operation &op : *kernel.getBlock())
    ops.push_back(&op);
  for (Operation *op : ops)
    op->moveBefore(kernel);

  SmallVector<Operation *> stretch;
  auto finish = [&]() -> LogicalResult {
    // Scalar ops that do not depend on the stretch stay with the caller, whoever uses them.
    SmallVector<Operation *> serial;
    DenseSet<Operation *> members;
    for (Operation *op : stretch) {
      bool depends = llvm::any_of(op->getOperands(), [&](Value operand) { return members.contains(operand.getDefiningOp()); });
      bool pure = op->getNumRegions() == 0 && isMemoryEffectFree(op);
      if (pure && !depends) {
        if (!serial.empty())
          op->moveBefore(serial.front());
        continue;
      }
      serial.push_back(op);
      members.insert(op);
    }
    stretch.clear();
    bool escapes = llvm::any_of(serial, [&](Operation *op) {
      return llvm::any_of(op->getUsers(), [&](Operation *user) {
        while (user && !members.contains(user))
          user = user->getParentOp();
        return !user;
      });
    });
    // Values that leave a stretch keep it with the caller; so does a handful of scalars.
    if (serial.empty() || escapes || llvm::all_of(serial, isScalar))
      return success();
    return outlineSerial(serial);
  };
  for (Operation *op : ops) {
    if (auto loop = dyn_cast<scf::ForallOp>(op)) {
      if (failed(finish()) || failed(outlineLoop(loop)))
        return failure();
      continue;
    }
    stretch.push_back(op);
  }
  if (failed(finish()))
    return failure();
  kernel.erase();
  ++kernelIndex;
  return success();
}

// Allocations in a body lie in the worker's scratch memory, where the memory plan put them.
LogicalResult Outliner::lowerScratch(LLVM::LLVMFuncOp body) {
  SmallVector<memref::AllocOp> allocs;
  body.walk([&](memref::AllocOp alloc) { allocs.push_back(alloc); });
  for (memref::AllocOp alloc : allocs) {
    auto offset = alloc->getAttrOfType<IntegerAttr>(scratchOffsetAttribute);
    if (!offset)
      return alloc.emitError("this buffer has no place in scratch memory; run --plan-memory after the pass that made it");
    OpBuilder inside(alloc);
    Location loc = alloc.getLoc();
    Value pointer = LLVM::GEPOp::create(inside, loc, LLVM::LLVMPointerType::get(inside.getContext()), inside.getI8Type(),
                                        body.getArgument(3), ArrayRef<LLVM::GEPArg>{int32_t(offset.getInt())});
    SmallVector<Value> sizes;
    for (Value size : alloc.getDynamicSizes())
      sizes.push_back(arith::IndexCastOp::create(inside, loc, inside.getI64Type(), size));
    alloc.replaceAllUsesWith(buildMemref(inside, loc, pointer, alloc.getType(), sizes));
    alloc.erase();
  }
  return success();
}

LogicalResult Outliner::run() {
  SmallVector<KernelOp> kernels;
  entry.walk([&](KernelOp kernel) { kernels.push_back(kernel); });
  SmallVector<Attribute> descriptions;
  for (KernelOp kernel : kernels) {
    descriptions.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("name", kernel.getNameAttr()),
         builder.getNamedAttr("location", builder.getStringAttr(getPlace(kernel.getLoc())))}));
    if (failed(outlineKernel(kernel)))
      return failure();
  }
  entry->setAttr(kernelsAttribute, builder.getArrayAttr(descriptions));
  return success();
}

namespace {
struct OutlineParallel : keel::impl::OutlineParallelBase<OutlineParallel> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<LLVM::LLVMFuncOp> entries;
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>())
      if (function->hasAttr(entryAttribute))
        entries.push_back(function);
    for (LLVM::LLVMFuncOp entry : entries)
      if (failed(Outliner(entry, symbols).run()))
        return signalPassFailure();

    // A worker's code is sequential: loops over columns inside it are plain loops.
    IRRewriter rewriter(&getContext());
    SmallVector<scf::ForallOp> inner;
    getOperation().walk([&](scf::ForallOp loop) { inner.push_back(loop); });
    for (scf::ForallOp loop : inner) {
      rewriter.setInsertionPoint(loop);
      if (failed(scf::forallToForLoop(rewriter, loop)))
        return signalPassFailure();
    }
  }
};
} // namespace
