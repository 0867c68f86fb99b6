// Decides how a linalg.generic on buffers becomes loops: which dimensions merge, which one is vectorised, the loops'
// order and how many accumulators run side by side. Nothing here depends on more than the op and its sizes, so that
// the order of every sum is fixed.
#include "passes/cpu/VectorizeLinalgPlan.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace keel::vectorize;

//===----------------------------------------------------------------------===//
// What the body allows
//===----------------------------------------------------------------------===//

bool Plan::isVectorIndex(Value value) const {
  auto index = value.getDefiningOp<linalg::IndexOp>();
  return index && vectorDim == index.getDim();
}

static bool isVectorElement(Type type) { return type.isIntOrIndexOrFloat(); }

// Elements that a vector load finds in memory as an array of scalars does: i1 is a byte there and a bit here.
static bool isVectorMemory(Type type) {
  return type.isIndex() ||
         (type.isIntOrFloat() && llvm::is_contained({8u, 16u, 32u, 64u}, type.getIntOrFloatBitWidth()));
}

static bool isVectorizable(Operation &op) {
  if (isa<linalg::IndexOp, linalg::YieldOp>(op) || op.hasTrait<OpTrait::ConstantLike>())
    return true;
  if (!llvm::all_of(op.getResultTypes(), isVectorElement) || !llvm::all_of(op.getOperandTypes(), [](Type type) {
        return isVectorElement(type) || isa<MemRefType>(type);
      }))
    return false;
  if (auto load = dyn_cast<memref::LoadOp>(op))
    return isVectorMemory(load.getMemRefType().getElementType());
  return op.getNumRegions() == 0 && OpTrait::hasElementwiseMappableTraits(&op);
}

// The way in which the lanes of output `i` combine: the body adds, multiplies, ... something to it and looks at no
// output for that something.
static std::optional<arith::AtomicRMWKind> getCombiner(linalg::GenericOp op, unsigned i) {
  Block *body = op.getBody();
  BlockArgument out = op.getRegionOutputArgs()[i];
  Operation *combine = body->getTerminator()->getOperand(i).getDefiningOp();
  if (!combine || combine->getBlock() != body || !out.hasOneUse() || *out.user_begin() != combine ||
      !combine->hasOneUse())
    return std::nullopt;
  using Kind = arith::AtomicRMWKind;
  return TypeSwitch<Operation *, std::optional<Kind>>(combine)
      .Case([](arith::AddFOp) { return Kind::addf; })
      .Case([](arith::AddIOp) { return Kind::addi; })
      .Case([](arith::MulFOp) { return Kind::mulf; })
      .Case([](arith::MulIOp) { return Kind::muli; })
      .Case([](arith::MaximumFOp) { return Kind::maximumf; })
      .Case([](arith::MinimumFOp) { return Kind::minimumf; })
      .Case([](arith::MaxNumFOp) { return Kind::maxnumf; })
      .Case([](arith::MinNumFOp) { return Kind::minnumf; })
      .Case([](arith::MaxSIOp) { return Kind::maxs; })
      .Case([](arith::MinSIOp) { return Kind::mins; })
      .Case([](arith::MaxUIOp) { return Kind::maxu; })
      .Case([](arith::MinUIOp) { return Kind::minu; })
      .Case([](arith::AndIOp) { return Kind::andi; })
      .Case([](arith::OrIOp) { return Kind::ori; })
      .Case([&](math::FmaOp fma) { return fma.getC() == out ? std::optional(Kind::addf) : std::nullopt; })
      .Case([&](arith::SubFOp sub) { return sub.getLhs() == out ? std::optional(Kind::addf) : std::nullopt; })
      .Case([&](arith::SubIOp sub) { return sub.getLhs() == out ? std::optional(Kind::addi) : std::nullopt; })
      .Default(std::nullopt);
}

//===----------------------------------------------------------------------===//
// Dimensions
//===----------------------------------------------------------------------===//

// Folds unit dimensions away and merges neighbours that are contiguous in every operand, so that a [rows x 10] array
// is one run of rows · 10 elements.
static void simplifyDims(OpBuilder &builder, Plan &plan, SmallVectorImpl<bool> &dead) {
  Location loc = plan.op.getLoc();
  unsigned numDims = plan.sizes.size();
  SmallVector<bool> fixed(numDims, false);
  plan.op.getBody()->walk([&](linalg::IndexOp index) { fixed[index.getDim()] = true; });
  for (Operand &operand : plan.operands)
    for (auto &[expr, stride] : operand.irregular)
      for (unsigned dim = 0; dim < numDims; ++dim)
        if (expr.isFunctionOfDim(dim))
          fixed[dim] = true;
  for (unsigned dim = 0; dim < numDims; ++dim)
    dead[dim] = isConstant(plan.sizes[dim], 1);
  for (unsigned outer = 0; outer < numDims; ++outer) {
    for (unsigned inner = 0; inner < numDims; ++inner) {
      if (outer == inner || dead[outer] || dead[inner] || fixed[outer] || fixed[inner])
        continue;
      std::optional<int64_t> size = getConstantIntValue(plan.sizes[inner]);
      bool contiguous = llvm::all_of(plan.operands, [&](Operand &operand) {
        std::optional<int64_t> outerStride = getConstantIntValue(operand.strides[outer]);
        std::optional<int64_t> innerStride = getConstantIntValue(operand.strides[inner]);
        return outerStride && innerStride &&
               ((*outerStride == 0 && *innerStride == 0) ||
                (size && *innerStride != 0 && *outerStride == *innerStride * *size));
      });
      if (!contiguous)
        continue;
      plan.sizes[inner] = multiply(builder, loc, plan.sizes[outer], plan.sizes[inner]);
      dead[outer] = true;
    }
  }
}

// How good a vector dimension `dim` is; none if it cannot be one.
static std::optional<int> scoreVectorDim(Plan &plan, unsigned dim, unsigned lanes) {
  int score = 0;
  bool anyUnit = false;
  for (auto [i, operand] : llvm::enumerate(plan.operands)) {
    bool isOutput = i >= plan.getNumInputs();
    if (operand.isScalar || (!isOutput && plan.op.getBody()->getArgument(i).use_empty()))
      continue;
    for (auto &[expr, stride] : operand.irregular)
      if (expr.isFunctionOfDim(dim))
        return std::nullopt;
    if (!operand.dependsOn(dim)) {
      if (isOutput && !plan.combiners[i - plan.getNumInputs()])
        return std::nullopt;
      score += isOutput ? -2 : 1;
    } else if (!isVectorMemory(operand.getElementType())) {
      score -= 4;
    } else if (isConstant(operand.strides[dim], 1)) {
      score += isOutput ? 6 : 4;
      anyUnit = true;
    } else {
      score -= isOutput ? 12 : 8;
    }
  }
  bool heavy = false;
  plan.op.getBody()->walk([&](Operation *op) { heavy |= isa_and_nonnull<math::MathDialect>(op->getDialect()); });
  if (!anyUnit && !heavy && plan.operands.size() > 1)
    return std::nullopt;
  if (std::optional<int64_t> size = getConstantIntValue(plan.sizes[dim]); size && *size * 2 < lanes)
    score -= *size * 4 < lanes ? 8 : 4;
  return score;
}

// The body has an operation that must not see the lanes of a mask that are off.
static bool mayTrap(linalg::GenericOp op) {
  return llvm::any_of(op.getBody()->without_terminator(),
                      [](Operation &op) { return !isa<memref::LoadOp>(op) && !isSpeculatable(&op); });
}

static unsigned getNumLanes(Plan &plan, const Options &options) {
  unsigned width = 64;
  bool anyFloat = false;
  for (Operand &operand : plan.operands) {
    Type type = operand.getElementType();
    if (!type.isIntOrFloat() || (anyFloat && !isa<FloatType>(type)))
      continue;
    unsigned bits = std::max(32u, type.getIntOrFloatBitWidth());
    width = isa<FloatType>(type) && !anyFloat ? bits : std::min(width, bits);
    anyFloat |= isa<FloatType>(type);
  }
  return options.vectorBits / width;
}

unsigned Plan::getDepth(function_ref<bool(unsigned)> dependsOn) const {
  unsigned depth = 0;
  for (auto [i, dim] : llvm::enumerate(loops))
    if (dependsOn(dim))
      depth = i + 1;
  return depth;
}

static void chooseVectorDim(Plan &plan, ArrayRef<bool> dead, const Options &options) {
  if (!llvm::all_of(*plan.op.getBody(), isVectorizable))
    return;
  unsigned lanes = getNumLanes(plan, options);
  std::optional<int> best;
  for (unsigned dim = 0; dim < plan.sizes.size(); ++dim) {
    if (dead[dim])
      continue;
    std::optional<int> score = scoreVectorDim(plan, dim, lanes);
    // At equal scores the last dimension, which is the contiguous one of whatever is made up inside the body.
    if (!score || (best && *score < *best))
      continue;
    bool isReduced = false, cannotMask = mayTrap(plan.op);
    for (auto [i, operand] : llvm::enumerate(plan.operands)) {
      isReduced |= i >= plan.getNumInputs() && !operand.dependsOn(dim);
      cannotMask |= operand.dependsOn(dim) && !isVectorMemory(operand.getElementType());
    }
    if (isReduced && cannotMask)
      continue;
    best = score;
    plan.vectorDim = dim;
    plan.scalarTail = cannotMask;
  }
  if (plan.vectorDim)
    plan.lanes = lanes;
}

// Inputs of an elementwise nest that are contiguous along another loop than the vector's: a transpose.
static void chooseTransposes(Plan &plan, ArrayRef<unsigned> parallel) {
  auto isLarge = [&](unsigned dim) {
    std::optional<int64_t> size = getConstantIntValue(plan.sizes[dim]);
    return !size || *size >= int64_t(plan.lanes);
  };
  if (!isLarge(*plan.vectorDim))
    return;
  for (unsigned i = 0; i < plan.getNumInputs(); ++i) {
    Operand &operand = plan.operands[i];
    if (plan.op.getBody()->getArgument(i).use_empty() || !operand.dependsOn(*plan.vectorDim) ||
        isConstant(operand.strides[*plan.vectorDim], 1) || !isVectorMemory(operand.getElementType()) ||
        !operand.irregular.empty())
      continue;
    for (unsigned dim : parallel)
      if (isConstant(operand.strides[dim], 1) && isLarge(dim) && (!plan.rowDim || plan.rowDim == dim)) {
        plan.rowDim = dim;
        plan.rows = plan.lanes;
        operand.isTransposed = true;
      }
  }
  // The row loop goes right around the vector loop.
  if (plan.rowDim) {
    llvm::erase(plan.loops, *plan.rowDim);
    plan.loops.insert(std::prev(plan.loops.end()), *plan.rowDim);
  }
}

// Sums along the vectors and across them: a few rows at once are added up in registers before they join a sum in
// memory.
static void chooseRows(Plan &plan, unsigned row) {
  bool isAcross = false, isAlong = false;
  for (unsigned i = 0; i < plan.combiners.size(); ++i) {
    bool along = !plan.getOutput(i).dependsOn(*plan.vectorDim), across = !plan.getOutput(i).dependsOn(row);
    if (across && (along || !plan.combiners[i]))
      return;
    isAlong |= along;
    isAcross |= across;
  }
  if (!isAcross || !isAlong)
    return;
  plan.rowDim = row;
  plan.rows = 4;
}

// Accumulators and what is loaded once for all of a reduction stay in registers, next to what the body computes.
static void fitRegisters(Plan &plan, ArrayRef<unsigned> reduction, const Options &options) {
  auto staysInRegister = [&](Operand &operand) {
    return operand.dependsOn(*plan.vectorDim) &&
           llvm::none_of(reduction, [&](unsigned dim) { return operand.dependsOn(dim); });
  };
  unsigned kept = 0;
  for (auto [i, operand] : llvm::enumerate(plan.operands)) {
    bool isOutput = i >= plan.getNumInputs();
    bool isSum = isOutput && !operand.dependsOn(*plan.vectorDim);
    bool isKept = !plan.rowDim && (isOutput || !reduction.empty()) && !operand.isScalar && staysInRegister(operand);
    kept += isSum || isKept;
  }
  unsigned computed = llvm::range_size(plan.op.getBody()->without_terminator());
  auto fits = [&] {
    unsigned copies = plan.vectors * plan.rows;
    return copies * kept <= options.registers * 3 / 4 && copies * computed <= options.registers * 2;
  };
  while (plan.vectors > 1 && !fits())
    plan.vectors /= 2;
  while (plan.rows > 1 && !fits())
    plan.rows /= 2;
}

FailureOr<Plan> keel::vectorize::makePlan(OpBuilder &builder, linalg::GenericOp op, const Options &options) {
  Location loc = op.getLoc();
  Plan plan;
  plan.op = op;
  for (Range range : cast<linalg::LinalgOp>(op.getOperation()).createLoopRanges(builder, loc))
    plan.sizes.push_back(range.size);
  for (OpOperand &operand : op->getOpOperands()) {
    FailureOr<Operand> made = makeOperand(builder, loc, operand.get(), op.getMatchingIndexingMap(&operand));
    if (failed(made))
      return failure();
    plan.operands.push_back(*made);
  }
  WalkResult result = op.getBody()->walk([&](memref::LoadOp load) {
    if (plan.extracted.contains(load.getMemRef()) || load->getBlock() != op.getBody())
      return WalkResult::advance();
    FailureOr<FlatBuffer> flat = FlatBuffer::get(builder, loc, load.getMemRef());
    if (failed(flat))
      return WalkResult::interrupt();
    plan.extracted[load.getMemRef()] = *flat;
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  for (unsigned i = 0; i < unsigned(op.getNumDpsInits()); ++i)
    plan.combiners.push_back(getCombiner(op, i));

  SmallVector<bool> dead(plan.sizes.size(), false);
  simplifyDims(builder, plan, dead);
  chooseVectorDim(plan, dead, options);

  // Parallel loops outside; then the vector loop; then the loops that some output is accumulated over. A vector loop
  // that is itself accumulated over goes innermost.
  SmallVector<unsigned> parallel, reduction;
  auto isReduction = [&](unsigned dim) {
    return llvm::any_of(llvm::seq<unsigned>(0, op.getNumDpsInits()),
                        [&](unsigned i) { return !plan.getOutput(i).dependsOn(dim); });
  };
  for (unsigned dim = 0; dim < plan.sizes.size(); ++dim)
    if (!dead[dim] && plan.vectorDim != dim)
      (isReduction(dim) ? reduction : parallel).push_back(dim);
  plan.loops = parallel;
  if (plan.vectorDim && !isReduction(*plan.vectorDim))
    plan.loops.push_back(*plan.vectorDim);
  llvm::append_range(plan.loops, reduction);
  if (plan.vectorDim && isReduction(*plan.vectorDim))
    plan.loops.push_back(*plan.vectorDim);
  if (!plan.vectorDim)
    return plan;

  // Several vectors at once where a sum would wait for itself.
  if (!reduction.empty() || isReduction(*plan.vectorDim))
    plan.vectors = 4;
  // A vector that is loaded once serves several rows: convolutions and contractions that nobody else has taken.
  if (!reduction.empty() && !parallel.empty() && !isReduction(*plan.vectorDim)) {
    unsigned row = parallel.back();
    bool reused = llvm::any_of(plan.operands, [&](Operand &operand) {
      return operand.dependsOn(*plan.vectorDim) && !operand.dependsOn(row) && operand.dependsOn(reduction.back());
    });
    if (reused) {
      plan.rowDim = row;
      plan.rows = 4;
    }
  }
  if (plan.vectors > 1 && !plan.rowDim && !isReduction(*plan.vectorDim))
    plan.vectors = 8;
  if (plan.vectors == 1)
    chooseTransposes(plan, parallel);
  if (!plan.rowDim) {
    if (reduction.size() == 1)
      chooseRows(plan, reduction.front());
    fitRegisters(plan, reduction, options);
  }
  auto limit = [](OpFoldResult size, unsigned unit, unsigned &count) {
    std::optional<int64_t> constant = getConstantIntValue(size);
    while (constant && count > 1 && *constant < int64_t(count) * unit)
      count /= 2;
  };
  limit(plan.sizes[*plan.vectorDim], plan.lanes, plan.vectors);
  if (plan.rowDim)
    limit(plan.sizes[*plan.rowDim], 1, plan.rows);
  return plan;
}
