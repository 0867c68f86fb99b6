// Creates the loops of a plan. The body is emitted level by level: whatever is known outside a loop (the load of a
// bias, 1/σ of a row) is emitted outside of it, since nobody below could prove that a store in the loop leaves it alone.
#include "passes/cpu/VectorizeLinalgEmitter.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace keel::vectorize;

//===----------------------------------------------------------------------===//
// The body
//===----------------------------------------------------------------------===//

Copies Emitter::makeCopies(Scope &scope, bool byRow, bool byVector, function_ref<Value(unsigned, unsigned)> make) {
  Copies copies{byRow && scope.rows > 1, byVector && scope.vectors > 1, scope.vectors, {}};
  for (unsigned row = 0; row < (copies.byRow ? scope.rows : 1); ++row)
    for (unsigned vector = 0; vector < (copies.byVector ? scope.vectors : 1); ++vector)
      copies.values.push_back(make(row, vector));
  return copies;
}

Value Emitter::lookup(Scope &scope, Value value, unsigned row, unsigned vector) {
  auto it = scope.values.find(value);
  return it == scope.values.end() ? value : it->second.at(row, vector);
}

Value Emitter::emitLoopIndex(unsigned dim, Scope &scope, unsigned row, unsigned vector) {
  if (!scope.ivs[dim])
    return index(0);
  OpFoldResult value = scope.ivs[dim];
  if (plan.rowDim == dim)
    value = add(builder, loc, value, builder.getIndexAttr(row));
  if (plan.vectorDim != dim || !scope.vectorized)
    return materialize(value);
  value = add(builder, loc, value, builder.getIndexAttr(vector * plan.lanes));
  return arith::AddIOp::create(builder, loc, broadcast(materialize(value)), lanesTimes(builder.getIndexAttr(1)));
}

Copies Emitter::emitOp(Operation &op, Scope &scope) {
  if (auto indexOp = dyn_cast<linalg::IndexOp>(op)) {
    unsigned dim = indexOp.getDim();
    return makeCopies(scope, plan.rowDim == dim, plan.vectorDim == dim,
                      [&](unsigned row, unsigned vector) { return emitLoopIndex(dim, scope, row, vector); });
  }
  auto byRow = [&](Value operand) { return isByRow(scope, operand); };
  auto byVector = [&](Value operand) { return isByVector(scope, operand); };
  return makeCopies(
      scope, llvm::any_of(op.getOperands(), byRow), llvm::any_of(op.getOperands(), byVector),
      [&](unsigned row, unsigned vector) -> Value {
        if (auto load = dyn_cast<memref::LoadOp>(op))
          if (plan.extracted.contains(load.getMemRef()))
            return emitExtract(load, scope, row, vector);
        SmallVector<Value> operands;
        bool anyVector = false;
        for (Value operand : op.getOperands()) {
          operands.push_back(lookup(scope, operand, row, vector));
          anyVector |= isa<VectorType>(operands.back().getType());
        }
        Operation *clone = builder.clone(op);
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPoint(clone);
        for (auto [i, operand] : llvm::enumerate(operands))
          clone->setOperand(i, anyVector ? broadcast(operand) : operand);
        if (anyVector)
          clone->getResult(0).setType(vectorOf(clone->getResult(0).getType()));
        return clone->getResult(0);
      });
}

// Everything of the body that is known at `level` and was not one loop further out.
void Emitter::emitBody(unsigned level, Scope &scope) {
  Block *body = plan.op.getBody();
  for (unsigned i = 0; i < plan.getNumInputs(); ++i) {
    Value argument = body->getArgument(i);
    Operand &operand = plan.operands[i];
    if (argument.use_empty() || getDepth(argument) != level)
      continue;
    if (operand.isTransposed && scope.rows == plan.lanes && !scope.mask) {
      scope.values[argument] = emitTransposedLoads(operand, scope);
      continue;
    }
    scope.values[argument] =
        makeCopies(scope, plan.rowDim && operand.dependsOn(*plan.rowDim),
                   plan.vectorDim && operand.dependsOn(*plan.vectorDim),
                   [&](unsigned row, unsigned vector) { return emitLoad(operand, scope, row, vector); });
  }
  for (Operation &op : body->without_terminator()) {
    if (depths[&op] != level)
      continue;
    if (op.getNumResults() == 1 && op.getNumRegions() == 0) {
      scope.values[op.getResult(0)] = emitOp(op, scope);
      continue;
    }
    // Control flow in the body, or something else that has no vector form: the whole nest is scalar.
    IRMapping mapping;
    for (auto &[from, copies] : scope.values)
      mapping.map(from, copies.values.front());
    Operation *clone = builder.clone(op, mapping);
    for (auto [from, to] : llvm::zip(op.getResults(), clone->getResults()))
      scope.values[from] = Copies{false, false, 1, {to}};
  }
}

void Emitter::emitYield(Scope &scope) {
  Operation *yield = plan.op.getBody()->getTerminator();
  for (auto [i, value] : llvm::enumerate(yield->getOperands())) {
    Copies &old = scope.accumulators[i];
    scope.accumulators[i] = makeCopies(scope, true, true, [&](unsigned row, unsigned vector) -> Value {
      Value result = lookup(scope, value, row, vector);
      if (scope.vectorized)
        result = broadcast(result);
      // A lane that is off adds nothing.
      if (scope.mask && isCombined(i))
        result = arith::SelectOp::create(builder, loc, scope.mask, result, old.at(row, vector));
      return result;
    });
  }
}

//===----------------------------------------------------------------------===//
// Accumulators
//===----------------------------------------------------------------------===//

void Emitter::loadAccumulator(unsigned output, Scope &scope) {
  Operand &operand = plan.getOutput(output);
  BlockArgument argument = plan.op.getRegionOutputArgs()[output];
  bool combined = isCombined(output);
  unsigned vectors = scope.vectors;
  if (combined)
    scope.vectors = plan.vectors;
  scope.accumulators[output] = makeCopies(scope, true, true, [&](unsigned row, unsigned vector) -> Value {
    if (combined) {
      Type type = operand.getElementType();
      Value neutral = arith::getIdentityValue(*plan.combiners[output], type, builder, loc);
      return vector::BroadcastOp::create(builder, loc, vectorOf(type), neutral);
    }
    if (argument.use_empty() && storeLevel(output) == plan.loops.size())
      return Value();
    if (row > 0 && isAcrossRows(output)) {
      // x + (-0) is x, and LLVM knows.
      Type type = operand.getElementType();
      bool isSum = *plan.combiners[output] == arith::AtomicRMWKind::addf;
      Value neutral = isSum ? arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type, -0.0)).getResult()
                            : arith::getIdentityValue(*plan.combiners[output], type, builder, loc);
      return scope.vectorized ? broadcast(neutral) : neutral;
    }
    return emitLoad(operand, scope, row, vector);
  });
  scope.vectors = vectors;
}

// Halves the vector until one lane is left: a fixed tree.
Value Emitter::combineLanes(unsigned output, Scope &scope, unsigned row) {
  arith::AtomicRMWKind kind = *plan.combiners[output];
  SmallVector<Value> vectors;
  Copies &copies = scope.accumulators[output];
  for (unsigned vector = 0; vector < (copies.byVector ? copies.vectors : 1); ++vector)
    vectors.push_back(copies.at(row, vector));
  for (; vectors.size() > 1; vectors.resize(vectors.size() / 2))
    for (unsigned i = 0, half = vectors.size() / 2; i < half; ++i)
      vectors[i] = arith::getReductionOp(kind, builder, loc, vectors[i], vectors[i + half]);
  Value vector = vectors.front();
  for (int64_t half = plan.lanes / 2; half >= 1; half /= 2) {
    Value low = vector::ExtractStridedSliceOp::create(builder, loc, vector, ArrayRef<int64_t>{0}, ArrayRef{half},
                                                      ArrayRef<int64_t>{1});
    Value high = vector::ExtractStridedSliceOp::create(builder, loc, vector, ArrayRef{half}, ArrayRef{half},
                                                       ArrayRef<int64_t>{1});
    vector = arith::getReductionOp(kind, builder, loc, low, high);
  }
  return vector::ExtractOp::create(builder, loc, vector, int64_t(0));
}

void Emitter::storeAccumulator(unsigned output, Scope &scope) {
  Operand &operand = plan.getOutput(output);
  Copies &copies = scope.accumulators[output];
  if (isAcrossRows(output))
    for (unsigned vector = 0; vector < scope.vectors; ++vector)
      for (unsigned half = scope.rows / 2; half > 0; half /= 2)
        for (unsigned row = 0; row < half; ++row)
          copies.at(row, vector) = arith::getReductionOp(*plan.combiners[output], builder, loc, copies.at(row, vector),
                                                         copies.at(row + half, vector));
  for (unsigned row = 0; row < (isAcrossRows(output) ? 1 : scope.rows); ++row) {
    if (isCombined(output)) {
      Value sum = combineLanes(output, scope, row);
      Value start = memref::LoadOp::create(builder, loc, operand.flat, getIndex(operand, scope, row, 0));
      sum = arith::getReductionOp(*plan.combiners[output], builder, loc, start, sum);
      emitStore(operand, scope, sum, row, 0);
      continue;
    }
    for (unsigned vector = 0; vector < scope.vectors; ++vector)
      emitStore(operand, scope, copies.at(row, vector), row, vector);
  }
  scope.accumulators[output] = {};
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

void Emitter::emitLevel(unsigned level, Scope &scope) {
  unsigned numOutputs = plan.op.getNumDpsInits();
  // Outputs are loaded first: an input that shares its buffer with an output is read at the same element.
  for (unsigned i = 0; i < numOutputs; ++i)
    if (storeLevel(i) == level)
      loadAccumulator(i, scope);
  if (level == plan.loops.size())
    for (unsigned i = 0; i < numOutputs; ++i)
      if (!scope.accumulators[i].values.empty() && scope.accumulators[i].values.front())
        scope.values[plan.op.getRegionOutputArgs()[i]] = scope.accumulators[i];
  emitBody(level, scope);
  if (level == plan.loops.size())
    emitYield(scope);
  else
    emitDim(level, scope);
  for (unsigned i = 0; i < numOutputs; ++i)
    if (storeLevel(i) == level)
      storeAccumulator(i, scope);
}

// A loop, or its single iteration. Live accumulators are carried around it; `inner` says how the body is unrolled.
void Emitter::emitLoop(unsigned level, Scope &scope, Value from, Value to, int64_t step, const Scope &inner) {
  unsigned dim = plan.loops[level];
  std::optional<int64_t> first = getConstantIntValue(from), last = getConstantIntValue(to);
  if (first && last && *first >= *last)
    return;
  struct Carried {
    unsigned output, row, vector;
    Value &in(Scope &scope) { return scope.accumulators[output].at(row, vector); }
  };
  SmallVector<Carried> carried;
  SmallVector<Value> inits;
  for (unsigned i = 0; i < scope.accumulators.size(); ++i) {
    Copies &copies = scope.accumulators[i];
    if (copies.values.empty())
      continue;
    // Around the vector loop, lanes to be combined come in as many vectors as its main part uses.
    unsigned vectors = isCombined(i) && plan.vectorDim != dim ? copies.vectors : inner.vectors;
    for (unsigned row = 0; row < (copies.byRow ? inner.rows : 1); ++row)
      for (unsigned vector = 0; vector < (copies.byVector ? vectors : 1); ++vector) {
        carried.push_back({i, row, vector});
        inits.push_back(carried.back().in(scope));
      }
  }
  Scope body = inner;
  body.accumulators = scope.accumulators;
  auto emitIteration = [&](Value iv, ValueRange values) {
    body.ivs[dim] = iv;
    for (auto [entry, value] : llvm::zip(carried, values))
      entry.in(body) = value;
    emitLevel(level + 1, body);
    return llvm::map_to_vector(carried, [&](Carried &entry) { return entry.in(body); });
  };
  SmallVector<Value> results;
  if (first && last && *last - *first <= step) {
    results = emitIteration(from, inits);
  } else {
    auto loop = scf::ForOp::create(builder, loc, from, to, index(step), inits);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> yielded = emitIteration(loop.getInductionVar(), loop.getRegionIterArgs());
    if (!inits.empty())
      scf::YieldOp::create(builder, loc, yielded);
    results.assign(loop.result_begin(), loop.result_end());
  }
  for (auto [entry, value] : llvm::zip(carried, results))
    entry.in(scope) = value;
}

void Emitter::emitDim(unsigned level, Scope &scope) {
  unsigned dim = plan.loops[level];
  Value size = materialize(plan.sizes[dim]);
  // The end of the part of [0, size) that is made of whole steps.
  auto roundDown = [&](int64_t step) -> Value {
    if (std::optional<int64_t> constant = getConstantIntValue(plan.sizes[dim]))
      return index(*constant - *constant % step);
    Value rest = arith::RemUIOp::create(builder, loc, size, index(step));
    return arith::SubIOp::create(builder, loc, size, rest);
  };
  Value zero = index(0);
  Scope inner = scope;
  if (plan.rowDim == dim && plan.rows > 1) {
    Value end = roundDown(plan.rows);
    inner.rows = plan.rows;
    emitLoop(level, scope, zero, end, plan.rows, inner);
    inner.rows = 1;
    emitLoop(level, scope, end, size, 1, inner);
    return;
  }
  if (plan.vectorDim != dim) {
    emitLoop(level, scope, zero, size, 1, inner);
    return;
  }
  inner.vectorized = true;
  Value end = roundDown(plan.lanes);
  Value begin = zero;
  if (plan.vectors > 1) {
    Value blocked = roundDown(plan.lanes * plan.vectors);
    inner.vectors = plan.vectors;
    emitLoop(level, scope, zero, blocked, plan.lanes * plan.vectors, inner);
    begin = blocked;
  }
  inner.vectors = 1;
  emitLoop(level, scope, begin, end, plan.lanes, inner);
  if (plan.scalarTail) {
    inner.vectorized = false;
    emitLoop(level, scope, end, size, 1, inner);
    return;
  }
  // One masked iteration at most.
  std::optional<int64_t> constant = getConstantIntValue(plan.sizes[dim]);
  if (constant && *constant % plan.lanes == 0)
    return;
  Value rest = arith::SubIOp::create(builder, loc, size, end);
  VectorType type = vectorOf(builder.getI32Type());
  Value lane = arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, [&] {
                                           SmallVector<APInt> lanes;
                                           for (unsigned i = 0; i < plan.lanes; ++i)
                                             lanes.emplace_back(32, i);
                                           return lanes;
                                         }()));
  Value count = arith::IndexCastOp::create(builder, loc, builder.getI32Type(), rest);
  inner.mask = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, lane, broadcast(count));
  emitLoop(level, scope, end, size, plan.lanes, inner);
}

unsigned Emitter::getDepth(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument)
    return depths.lookup(value.getDefiningOp());
  if (argument.getOwner() != plan.op.getBody())
    return 0;
  unsigned position = argument.getArgNumber();
  if (position >= plan.getNumInputs())
    return plan.loops.size();
  return plan.getDepth([&](unsigned dim) { return plan.operands[position].dependsOn(dim); });
}

void Emitter::run() {
  for (Operation &op : plan.op.getBody()->without_terminator()) {
    unsigned &depth = depths[&op];
    for (Value operand : op.getOperands())
      depth = std::max(depth, getDepth(operand));
    if (auto indexOp = dyn_cast<linalg::IndexOp>(op))
      depth = plan.getDepth([&](unsigned dim) { return dim == indexOp.getDim(); });
    // A loop may run zero times: what could trap there stays inside.
    if (!isSpeculatable(&op) || !isMemoryEffectFree(&op) || op.getNumRegions() || op.getNumResults() != 1)
      depth = plan.loops.size();
  }
  Scope scope;
  scope.ivs.assign(plan.sizes.size(), Value());
  scope.accumulators.resize(plan.op.getNumDpsInits());
  emitLevel(0, scope);
}

void keel::vectorize::emitLoops(OpBuilder &builder, Plan &plan) { Emitter(builder, plan).run(); }
