// The form of a contraction's loop nest, its tile, its blocks and which operands are buffered. See
// ContractionEmitter.h.
#include "passes/cpu/ContractionEmitter.h"

#include "mlir/Interfaces/ValueBoundsOpInterface.h"

using namespace mlir;
using namespace keel;

ContractionEmitter::ContractionEmitter(OpBuilder &builder, const Contraction &contraction, RegisterFile registers)
    : b(builder), loc(contraction.op->getLoc()), contraction(contraction), registers(registers),
      memrefA(contraction.a->get()), memrefB(contraction.b->get()), memrefC(contraction.c->get()) {
  Type element = contraction.getElementType(contraction.c);
  sumType = element.getIntOrFloatBitWidth() < 32 ? Type(b.getF32Type()) : element;
  lanes = registers.vectorBits / sumType.getIntOrFloatBitWidth();
  vectorType = VectorType::get(lanes, sumType);
  if (!contraction.m.empty())
    m = contraction.m.back();
  if (!contraction.n.empty())
    n = contraction.n.back();
  if (!contraction.k.empty())
    k = contraction.k.back();
  depth = contraction.k;
  form = chooseForm();
  if (form != Form::Tiles)
    return;
  chooseBlocks();
  chooseBuffers();
}

std::optional<int64_t> ContractionEmitter::getStride(OpOperand *operand, AffineMap map, unsigned loop) const {
  SmallVector<int64_t> strides;
  int64_t offset, result = 0;
  if (failed(cast<MemRefType>(operand->get().getType()).getStridesAndOffset(strides, offset)))
    return std::nullopt;
  for (auto [expr, stride] : llvm::zip(map.getResults(), strides)) {
    if (!expr.isFunctionOfDim(loop))
      continue;
    if (!isa<AffineDimExpr>(expr) || ShapedType::isDynamic(stride))
      return std::nullopt;
    result += stride;
  }
  return result;
}

// As many rows as the registers hold, but no more than a set-associative cache keeps of lines whose distance is a power
// of two: A's rows often lie so.
int64_t ContractionEmitter::getMaxRows(int64_t vectors) const {
  int64_t rows = (registers.registers - vectors - 1) / vectors;
  return std::clamp<int64_t>(rows, 1, 8);
}

ContractionEmitter::Form ContractionEmitter::chooseForm() const {
  // One row against columns that lie along k: nothing to broadcast, so vectors go along k.
  if (contraction.m.empty() && k && !contraction.panel && getStride(contraction.a, contraction.aMap, *k) == 1 &&
      getStride(contraction.b, contraction.bMap, *k) == 1 &&
      (!n || getStride(contraction.b, contraction.bMap, *n) != 1))
    return Form::VectorDots;
  if (!n || getStride(contraction.c, contraction.cMap, *n) != 1 || contraction.panel % lanes)
    return Form::ScalarDots;
  return Form::Tiles;
}

bool ContractionEmitter::mayBe(std::optional<unsigned> loop, int64_t atLeast) const {
  return loop && (ShapedType::isDynamic(contraction.extents[*loop]) || contraction.extents[*loop] >= atLeast);
}

bool ContractionEmitter::isNarrow(OpOperand *operand) const { return contraction.getElementType(operand) != sumType; }

void ContractionEmitter::chooseBlocks() {
  panelVectors = registers.registers >= 32 ? 4 : 2;
  while (contraction.panel && (contraction.panel / lanes) % panelVectors != 0)
    --panelVectors;
  depthBlock = 256;
  rowBlock = 128;
  // One block for all rows where it is not much larger; the scheduler's blocks of rows have a known bound.
  int64_t rows = m ? contraction.extents[*m] : 1;
  if (ShapedType::isDynamic(rows)) {
    unsigned position = *contraction.cMap.getResultPosition(b.getAffineDimExpr(*m));
    FailureOr<int64_t> bound = ValueBoundsConstraintSet::computeConstantBound(
        presburger::BoundType::UB, {memrefC, position}, /*stopCondition=*/nullptr, /*closedUB=*/true);
    rows = succeeded(bound) ? *bound : rows;
    rowsFitBlock = succeeded(bound) && rows <= rowBlock * 3 / 2;
  }
  if (!ShapedType::isDynamic(rows) && rows <= rowBlock * 3 / 2)
    rowBlock = std::max<int64_t>(rows, 1);
}

void ContractionEmitter::chooseBuffers() {
  auto getBytes = [&](OpOperand *operand) { return contraction.getElementType(operand).getIntOrFloatBitWidth() / 8; };
  if (!contraction.panel) {
    std::optional<int64_t> columnStride = getStride(contraction.b, contraction.bMap, *n);
    std::optional<int64_t> depthStride = k ? getStride(contraction.b, contraction.bMap, *k) : 0;
    if (columnStride != 1)
      bufferB = depthStride == 1 ? Buffer::Columns : Buffer::Gather;
    else if (!depthStride || (*depthStride * getBytes(contraction.b) >= 2048 && mayBe(k, 64) && mayBe(m, 32)))
      bufferB = Buffer::Rows;
    prefetchesB = bufferB == Buffer::Rows;
  }
  bool several = contraction.k.size() > 1;
  // Many tiles read it: extended once. Not if the buffer had to be filled again for each of the outer k loops.
  auto isExtended = [&](OpOperand *operand) { return isNarrow(operand) && k && !several && mayBe(k, 16); };
  if (bufferB == Buffer::None && isExtended(contraction.b) && mayBe(m, 32))
    bufferB = Buffer::Rows;
  if (m && k && getStride(contraction.a, contraction.aMap, *m) == 1 && mayBe(n, 4 * lanes) && mayBe(k, 64)) {
    std::optional<int64_t> depthStride = getStride(contraction.a, contraction.aMap, *k);
    if (!depthStride || *depthStride * getBytes(contraction.a) >= 1024 || isExtended(contraction.a))
      bufferA = Buffer::Rows;
  }
  if (bufferA == Buffer::None && m && isExtended(contraction.a) && mayBe(n, 4 * lanes) &&
      getStride(contraction.a, contraction.aMap, *k) == 1)
    bufferA = Buffer::Columns;
  bool buffered = bufferA != Buffer::None || bufferB != Buffer::None;
  if (contraction.getElementType(contraction.c) == sumType) {
    // A buffer holds one chunk of one k loop.
    chunked = (buffered && several) || mayBe(k, buffered ? depthBlock + 1 : several ? 1 << 30 : 1025);
    if (chunked && several)
      depth = {*k};
    return;
  }
  // C is too narrow to hold sums, so all of k is one chunk.
  if (!buffered || (!several && !mayBe(k, depthBlock + 1)))
    return;
  if (several || !k || mayBe(k, 2049)) {
    bufferA = Buffer::None;
    if (bufferB != Buffer::Rows)
      form = Form::ScalarDots;
    bufferB = Buffer::None;
    prefetchesB = false;
    return;
  }
  depthBlock = contraction.extents[*k];
}
