// Finds sections that are alike, and lets one code choose between their tensors. A network of forty layers has forty times as
// many parameters to update as one of a layer, and no more ways to do it.
#include "passes/gpu/SharedSections.h"

#include "passes/gpu/DeviceKernel.h"
#include "passes/host/Equivalence.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace keel;

namespace {
/// Compares two sections op by op; notes which operands of the kernel stand in the same places.
class SectionMatcher {
public:
  explicit SectionMatcher(KernelOp kernel) : yield(cast<YieldOp>(kernel.getBlock()->getTerminator())), numInputs(kernel.getInputs().size()) {}

  bool match(const Section &a, const Section &b) {
    if (a.rows != b.rows || a.columns != b.columns || a.ops.size() != b.ops.size())
      return false;
    for (auto [one, other] : llvm::zip(a.ops, b.ops))
      if (!matchOps(one, other) || a.loops.find(one)->second != b.loops.find(other)->second || !matchResults(one, other))
        return false;
    return true;
  }
  /// By the first section's.
  const llvm::MapVector<unsigned, unsigned> &getOperands() const { return operands; }

private:
  bool matchOps(Operation *a, Operation *b) {
    if (a == b)
      return true;
    if (auto known = matched.find(a); known != matched.end())
      return known->second == b;
    if (a->getName() != b->getName() || a->getNumOperands() != b->getNumOperands() ||
        a->getAttrDictionary() != b->getAttrDictionary() ||
        a->getPropertiesAsAttribute() != b->getPropertiesAsAttribute() || a->getResultTypes() != b->getResultTypes())
      return false;
    for (auto [one, other] : llvm::zip(a->getOperands(), b->getOperands()))
      if (!matchValues(one, other))
        return false;
    if (!areBodiesEquivalent(a, b, [&](Value one, Value other) { return matchValues(one, other); }))
      return false;
    matched[a] = b;
    return true;
  }

  bool matchValues(Value a, Value b) {
    if (a == b)
      return true;
    auto one = dyn_cast<BlockArgument>(a), other = dyn_cast<BlockArgument>(b);
    if (!one || !other) {
      auto result = dyn_cast<OpResult>(a), its = dyn_cast<OpResult>(b);
      return result && its && result.getResultNumber() == its.getResultNumber() && matchOps(result.getOwner(), its.getOwner());
    }
    // A number is the kernel's, not a section's.
    return one.getOwner() == yield->getBlock() && other.getOwner() == yield->getBlock() && one.getType() == other.getType() &&
           isa<RankedTensorType>(one.getType()) && note(one.getArgNumber(), other.getArgNumber());
  }

  /// What the ops yield is written to the operands of those numbers.
  bool matchResults(Operation *a, Operation *b) {
    for (auto [one, other] : llvm::zip(a->getResults(), b->getResults())) {
      SmallVector<unsigned> places, its;
      for (auto [index, value] : llvm::enumerate(yield.getValues())) {
        if (value == one)
          places.push_back(numInputs + index);
        if (value == other)
          its.push_back(numInputs + index);
      }
      if (places.size() != its.size())
        return false;
      for (auto [place, other] : llvm::zip(places, its))
        if (!note(place, other))
          return false;
    }
    return true;
  }

  bool note(unsigned one, unsigned other) { return operands.insert({one, other}).first->second == other; }

  YieldOp yield;
  unsigned numInputs;
  DenseMap<Operation *, Operation *> matched;
  llvm::MapVector<unsigned, unsigned> operands;
};
} // namespace

/// Whether a section has nothing of its own but tensors: no counter, no parts, no number of rows.
static bool canShare(const Section &section) {
  return !section.mainLoop && section.rowSums.empty() && section.rowStatistics.empty() && section.finish.empty() &&
         !ShapedType::isDynamic(section.rows);
}

std::vector<SectionFamily> keel::findFamilies(KernelOp kernel, const KernelSpace &space) {
  std::vector<SectionFamily> families;
  std::vector<std::vector<llvm::MapVector<unsigned, unsigned>>> maps; // of each family's members
  for (unsigned index = 0; index < space.sections.size(); ++index) {
    bool isMember = false;
    for (unsigned number = 0; number < families.size() && !isMember; ++number) {
      const Section &first = space.sections[families[number].members.front()];
      SectionMatcher matcher(kernel);
      if (!canShare(first) || !canShare(space.sections[index]) || !matcher.match(first, space.sections[index]))
        continue;
      isMember = true;
      families[number].members.push_back(index);
      maps[number].push_back(matcher.getOperands());
    }
    if (!isMember) {
      families.push_back({{index}, {}, {}});
      maps.push_back({{}}); // its own operands
    }
  }
  for (auto [family, ofMember] : llvm::zip(families, maps)) {
    llvm::SetVector<unsigned> differing;
    for (const auto &operands : ofMember)
      for (auto [one, other] : operands)
        if (one != other)
          differing.insert(one);
    family.operands.assign(differing.begin(), differing.end());
    for (const auto &operands : ofMember) {
      SmallVector<unsigned> &own = family.ofMember.emplace_back();
      for (unsigned operand : family.operands) {
        auto it = operands.find(operand);
        own.push_back(it == operands.end() ? operand : it->second);
      }
    }
  }
  return families;
}

void keel::chooseMember(DeviceKernel &device, const SectionFamily &family, Value member) {
  OpBuilder &builder = device.builder;
  // Pointers, and the extents that are not known.
  auto valuesOf = [&](ArrayRef<unsigned> operands) {
    SmallVector<Value> values;
    for (unsigned operand : operands) {
      values.push_back(device.parameter(operand));
      for (unsigned dim : device.dynamicDims(operand))
        values.push_back(device.extent(operand, dim));
    }
    return values;
  };
  SmallVector<Value> defaults = valuesOf(family.ofMember.front());
  SmallVector<Type> types;
  for (Value value : defaults)
    types.push_back(value.getType());
  SmallVector<int64_t> cases;
  for (unsigned number = 1; number < family.members.size(); ++number)
    cases.push_back(number);
  Value index = arith::IndexCastOp::create(builder, device.loc, builder.getIndexType(), member);
  auto choice = scf::IndexSwitchOp::create(builder, device.loc, types, index, cases, cases.size());
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.createBlock(&choice.getDefaultRegion());
    scf::YieldOp::create(builder, device.loc, defaults);
    for (auto [number, region] : llvm::enumerate(choice.getCaseRegions())) {
      builder.createBlock(&region);
      scf::YieldOp::create(builder, device.loc, valuesOf(family.ofMember[number + 1]));
    }
  }
  ValueRange chosen = choice.getResults();
  for (unsigned operand : family.operands) {
    DeviceKernel::StandIn &own = device.standFor[operand];
    own.pointer = chosen.front();
    chosen = chosen.drop_front();
    for (unsigned dim : device.dynamicDims(operand)) {
      own.extents[dim] = chosen.front();
      chosen = chosen.drop_front();
    }
  }
}
