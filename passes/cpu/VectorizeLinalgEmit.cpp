// Creates the loops of a plan. The body is emitted level by level: whatever is known outside a loop (the load of a
// bias, 1/σ of a row) is emitted outside of it, since nobody below could prove that a store in the loop leaves it alone.
#include "passes/cpu/VectorTranspose.h"
#include "passes/cpu/VectorizeLinalgPlan.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace keel::vectorize;

namespace {

/// The copies of one value of the body: for each unrolled row and vector that it depends on.
struct Copies {
  bool byRow = false, byVector = false;
  unsigned vectors = 1;
  SmallVector<Value> values;
  Value &at(unsigned row, unsigned vector) {
    return values[(byRow ? row * (byVector ? vectors : 1) : 0) + (byVector ? vector : 0)];
  }
};

/// What is known at one place of the nest.
struct Scope {
  SmallVector<Value> ivs;           // by dimension
  unsigned rows = 1, vectors = 1;   // copies in this part of the nest
  bool vectorized = false;          // inside the vector loop, and not in a scalar remainder
  Value mask;                       // the lanes that exist, in the remainder
  DenseMap<Value, Copies> values;   // of the body
  SmallVector<Copies> accumulators; // by output; empty before it is loaded
};

class Emitter {
public:
  Emitter(OpBuilder &builder, Plan &plan) : builder(builder), plan(plan), loc(plan.op.getLoc()) {}
  void run();

private:
  void emitLevel(unsigned level, Scope &scope);
  void emitDim(unsigned level, Scope &scope);
  void emitLoop(unsigned level, Scope &scope, Value from, Value to, int64_t step, const Scope &inner);
  void emitBody(unsigned level, Scope &scope);
  unsigned getDepth(Value value);
  void emitYield(Scope &scope);
  Copies emitOp(Operation &op, Scope &scope);
  void loadAccumulator(unsigned output, Scope &scope);
  void storeAccumulator(unsigned output, Scope &scope);
  Value combineLanes(unsigned output, Scope &scope, unsigned row);

  Value getIndex(Operand &operand, Scope &scope, unsigned row, unsigned vector);
  Value emitLoad(Operand &operand, Scope &scope, unsigned row, unsigned vector);
  Copies emitTransposedLoads(Operand &operand, Scope &scope);
  void emitStore(Operand &operand, Scope &scope, Value value, unsigned row, unsigned vector);
  Value emitExtract(memref::LoadOp load, Scope &scope, unsigned row, unsigned vector);
  Value emitLoopIndex(unsigned dim, Scope &scope, unsigned row, unsigned vector);
  Copies makeCopies(Scope &scope, bool byRow, bool byVector, function_ref<Value(unsigned, unsigned)> make);
  Value lookup(Scope &scope, Value value, unsigned row, unsigned vector);
  bool isByRow(Scope &scope, Value value) { return scope.values.contains(value) && scope.values[value].byRow; }
  bool isByVector(Scope &scope, Value value) { return scope.values.contains(value) && scope.values[value].byVector; }

  Value index(int64_t value) { return arith::ConstantIndexOp::create(builder, loc, value); }
  Value materialize(OpFoldResult value) { return getValueOrCreateConstantIndexOp(builder, loc, value); }
  VectorType vectorOf(Type element) { return VectorType::get({int64_t(plan.lanes)}, element); }
  Value broadcast(Value value) {
    if (isa<VectorType>(value.getType()))
      return value;
    return vector::BroadcastOp::create(builder, loc, vectorOf(value.getType()), value);
  }
  Value lanesTimes(OpFoldResult stride);
  Value allLanes() {
    return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(vectorOf(builder.getI1Type()), true));
  }
  bool isCombined(unsigned output) {
    return plan.vectorDim && !plan.getOutput(output).dependsOn(*plan.vectorDim);
  }
  unsigned storeLevel(unsigned output) {
    return plan.getDepth([&](unsigned dim) { return plan.getOutput(output).dependsOn(dim); });
  }

  OpBuilder &builder;
  Plan &plan;
  Location loc;
  DenseMap<Operation *, unsigned> depths; // of the body's operations
};

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value Emitter::getIndex(Operand &operand, Scope &scope, unsigned row, unsigned vector) {
  OpFoldResult sum = operand.offset;
  for (auto [dim, stride] : llvm::enumerate(operand.strides))
    if (scope.ivs[dim])
      sum = add(builder, loc, sum, multiply(builder, loc, scope.ivs[dim], stride));
  for (auto &[expr, stride] : operand.irregular) {
    SmallVector<OpFoldResult> dims;
    for (auto [dim, iv] : llvm::enumerate(scope.ivs))
      dims.push_back(iv && plan.rowDim == dim ? add(builder, loc, iv, builder.getIndexAttr(row))
                     : iv                     ? OpFoldResult(iv)
                                              : OpFoldResult(builder.getIndexAttr(0)));
    OpFoldResult term = affine::makeComposedFoldedAffineApply(
        builder, loc, AffineMap::get(scope.ivs.size(), 0, expr), dims);
    sum = add(builder, loc, sum, multiply(builder, loc, term, stride));
  }
  auto addSteps = [&](unsigned dim, int64_t steps) {
    sum = add(builder, loc, sum, multiply(builder, loc, operand.strides[dim], builder.getIndexAttr(steps)));
  };
  if (row)
    addSteps(*plan.rowDim, row);
  if (vector)
    addSteps(*plan.vectorDim, int64_t(vector) * plan.lanes);
  return materialize(sum);
}

// 0, stride, 2 · stride, ...
Value Emitter::lanesTimes(OpFoldResult stride) {
  SmallVector<APInt> steps;
  std::optional<int64_t> constant = getConstantIntValue(stride);
  for (unsigned lane = 0; lane < plan.lanes; ++lane)
    steps.emplace_back(64, lane * constant.value_or(1));
  Value vector = arith::ConstantOp::create(builder, loc,
                                           DenseElementsAttr::get(vectorOf(builder.getIndexType()), steps));
  if (constant)
    return vector;
  return arith::MulIOp::create(builder, loc, vector, broadcast(materialize(stride)));
}

Value Emitter::emitLoad(Operand &operand, Scope &scope, unsigned row, unsigned vector) {
  if (operand.isScalar)
    return operand.flat;
  Value at = getIndex(operand, scope, row, vector);
  Type element = operand.getElementType();
  if (!scope.vectorized || !operand.dependsOn(*plan.vectorDim))
    return memref::LoadOp::create(builder, loc, operand.flat, at);
  OpFoldResult stride = operand.strides[*plan.vectorDim];
  VectorType type = vectorOf(element);
  if (isConstant(stride, 1) && !element.isInteger(1)) {
    if (!scope.mask)
      return vector::LoadOp::create(builder, loc, type, operand.flat, at);
    // The lanes that are off hold ones: no division by zero, no logarithm of zero to wait for.
    Value one = arith::ConstantOp::create(
        builder, loc, element.isIndex() ? builder.getIndexAttr(1) : builder.getOneAttr(element));
    return vector::MaskedLoadOp::create(builder, loc, type, operand.flat, at, scope.mask, broadcast(one));
  }
  if (scope.mask) {
    Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
    return vector::GatherOp::create(builder, loc, type, operand.flat, at, lanesTimes(stride), scope.mask, zero);
  }
  SmallVector<Value> elements;
  for (unsigned lane = 0; lane < plan.lanes; ++lane) {
    OpFoldResult step = multiply(builder, loc, stride, builder.getIndexAttr(lane));
    Value position = materialize(add(builder, loc, at, step));
    elements.push_back(memref::LoadOp::create(builder, loc, operand.flat, position));
  }
  return vector::FromElementsOp::create(builder, loc, type, elements);
}

// A vector along the rows for each lane; the transposed square is a vector along the lanes for each row.
Copies Emitter::emitTransposedLoads(Operand &operand, Scope &scope) {
  OpFoldResult at = getIndex(operand, scope, 0, 0);
  SmallVector<Value> columns;
  for (unsigned lane = 0; lane < plan.lanes; ++lane) {
    OpFoldResult step = multiply(builder, loc, operand.strides[*plan.vectorDim], builder.getIndexAttr(lane));
    columns.push_back(vector::LoadOp::create(builder, loc, vectorOf(operand.getElementType()), operand.flat,
                                             materialize(add(builder, loc, at, step))));
  }
  return Copies{true, false, 1, keel::transposeSquare(builder, loc, columns)};
}

void Emitter::emitStore(Operand &operand, Scope &scope, Value value, unsigned row, unsigned vector) {
  Value at = getIndex(operand, scope, row, vector);
  if (!scope.vectorized || !operand.dependsOn(*plan.vectorDim)) {
    memref::StoreOp::create(builder, loc, value, operand.flat, at);
    return;
  }
  value = broadcast(value);
  OpFoldResult stride = operand.strides[*plan.vectorDim];
  if (isConstant(stride, 1) && !operand.getElementType().isInteger(1)) {
    if (scope.mask)
      vector::MaskedStoreOp::create(builder, loc, operand.flat, at, scope.mask, value);
    else
      vector::StoreOp::create(builder, loc, value, operand.flat, at);
    return;
  }
  if (scope.mask) {
    vector::ScatterOp::create(builder, loc, Type(), operand.flat, ValueRange{at}, lanesTimes(stride), scope.mask,
                              value);
    return;
  }
  for (unsigned lane = 0; lane < plan.lanes; ++lane) {
    OpFoldResult step = multiply(builder, loc, stride, builder.getIndexAttr(lane));
    Value element = vector::ExtractOp::create(builder, loc, value, int64_t(lane));
    memref::StoreOp::create(builder, loc, element, operand.flat, materialize(add(builder, loc, at, step)));
  }
}

// A load inside the body, from tensor.extract: contiguous where only the last index varies and is the loop's own (a row
// of an embedding table), a gather elsewhere.
Value Emitter::emitExtract(memref::LoadOp load, Scope &scope, unsigned row, unsigned vector) {
  const FlatBuffer &buffer = plan.extracted[load.getMemRef()];
  Type element = load.getType();
  SmallVector<Value> indices;
  bool anyVector = false, onlyLast = true;
  for (auto [i, operand] : llvm::enumerate(load.getIndices())) {
    indices.push_back(lookup(scope, operand, row, vector));
    if (!isa<VectorType>(indices.back().getType()))
      continue;
    anyVector = true;
    onlyLast &= i + 1 == load.getIndices().size() && plan.isVectorIndex(operand);
  }
  onlyLast &= anyVector && isConstant(buffer.strides.back(), 1);
  OpFoldResult uniform = builder.getIndexAttr(0);
  Value varying;
  for (auto [i, position, stride] : llvm::enumerate(indices, buffer.strides)) {
    if (!isa<VectorType>(position.getType())) {
      uniform = add(builder, loc, uniform, multiply(builder, loc, position, stride));
      continue;
    }
    if (onlyLast) {
      OpFoldResult start = add(builder, loc, scope.ivs[*plan.vectorDim], builder.getIndexAttr(vector * plan.lanes));
      uniform = add(builder, loc, uniform, start);
      continue;
    }
    Value term = arith::MulIOp::create(builder, loc, position, broadcast(materialize(stride)));
    varying = varying ? arith::AddIOp::create(builder, loc, varying, term).getResult() : term;
  }
  Value at = materialize(uniform);
  if (!anyVector)
    return memref::LoadOp::create(builder, loc, buffer.base, at);
  VectorType type = vectorOf(element);
  if (onlyLast && !scope.mask)
    return vector::LoadOp::create(builder, loc, type, buffer.base, at);
  Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  if (onlyLast)
    return vector::MaskedLoadOp::create(builder, loc, type, buffer.base, at, scope.mask, zero);
  return vector::GatherOp::create(builder, loc, type, buffer.base, at, varying,
                                  scope.mask ? scope.mask : allLanes(), zero);
}

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
  for (unsigned row = 0; row < scope.rows; ++row) {
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

} // namespace

void keel::vectorize::emitLoops(OpBuilder &builder, Plan &plan) { Emitter(builder, plan).run(); }
