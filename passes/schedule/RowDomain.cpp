// A kernel's body as a sequence of loops over rows.
#include "passes/schedule/RowDomain.h"

#include "dialect/norm/Norm.h"
#include "passes/fuse/Partition.h"
#include "passes/fuse/View.h"
#include "passes/schedule/PackOperands.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace keel {
namespace {

/// Later iterations of the loop do not read earlier elements, so that a block of it reads a block.
bool isForward(AffineExpr expr, unsigned loop) {
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary || !expr.isFunctionOfDim(loop))
    return true;
  if (expr.getKind() == AffineExprKind::Add)
    return isForward(binary.getLHS(), loop) && isForward(binary.getRHS(), loop);
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return expr.getKind() != AffineExprKind::Mod && factor && factor.getValue() > 0 && isForward(binary.getLHS(), loop);
}

bool readsForward(const LoopNest &nest, unsigned loop) {
  return llvm::all_of(nest.operandMaps, [&](AffineMap map) {
    return llvm::all_of(map.getResults(), [&](AffineExpr expr) { return isForward(expr, loop); });
  });
}

/// The first parallel loop of a result that is worth splitting.
std::optional<unsigned> chooseLoop(Operation *op, const LoopNest &nest, int64_t first) {
  auto type = dyn_cast<ShapedType>(op->getResult(0).getType());
  if (!type)
    return std::nullopt;
  for (int64_t dim = first, rank = type.getRank(); dim < rank; ++dim) {
    std::optional<unsigned> loop = loopOfDim(nest.resultMaps[0], dim);
    if (!loop || !nest.isParallel(*loop) || (!type.isDynamicDim(dim) && type.getDimSize(dim) == 1))
      continue;
    if (llvm::all_of(nest.resultMaps, [&](AffineMap map) { return dimOfLoop(map, *loop).has_value(); }) &&
        readsForward(nest, *loop))
      return loop;
  }
  return std::nullopt;
}

class DomainFinder {
public:
  std::vector<RowDomain> run(Block &body) {
    if (auto dim = body.getParentOp()->getAttrOfType<IntegerAttr>("keel.split_dim"))
      splitDim = dim.getInt();
    for (Operation &op : body) {
      if (isView(&op))
        takeView(&op);
      else if (isComputation(&op) && !isRepeated(&op))
        place(&op);
    }
    for (unsigned index = 0; index < domains.size(); ++index)
      joinReader(index);
    llvm::erase_if(domains, [](const RowDomain &domain) { return domain.ops.empty(); });
    return std::move(domains);
  }

private:
  void place(Operation *op) {
    std::optional<LoopNest> nest = LoopNest::get(op);
    int earliest = -1;
    llvm::SetVector<Value> reads(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), reads);
    for (Value value : reads)
      earliest = std::max(earliest, lastDomainBefore(value));
    // Join the latest domain that makes something the op reads, if its rows are the op's rows.
    if (nest && earliest >= 0 && domains[earliest].rows && joins(op, *nest, domains[earliest])) {
      add(op, earliest);
      return;
    }
    if (auto pack = dyn_cast<linalg::PackOp>(op); pack && isPanelPack(pack)) {
      placePack(pack, earliest);
      return;
    }
    domains.emplace_back();
    std::optional<unsigned> loop = nest ? chooseLoop(op, *nest, splitDim) : std::nullopt;
    if (loop && isa<linalg::GenericOp, norm::MomentsOp>(op)) {
      domains.back().rows = true;
      enter(op, *nest, *loop, domains.back());
    }
    add(op, domains.size() - 1);
  }

  /// A matrix is packed by rows, if it can be as they are made.
  void placePack(linalg::PackOp pack, int producer) {
    bool asMade = false;
    if (producer >= 0)
      if (auto dim = domains[producer].rowDim.find(pack.getSource()); dim != domains[producer].rowDim.end())
        asMade = dim->second == 0;
    if (!asMade) {
      domains.emplace_back().rows = true;
      producer = domains.size() - 1;
    }
    add(pack, producer);
  }

  /// A view of a domain's rows belongs to them.
  void takeView(Operation *view) {
    Operation *producer = view->getOperand(0).getDefiningOp();
    auto home = domainOf.find(producer);
    if (!producer || home == domainOf.end())
      return;
    RowDomain &domain = domains[home->second];
    LoopNest nest = getViewLoops(view);
    auto dim = domain.rowDim.find(view->getOperand(0));
    if (dim == domain.rowDim.end())
      return;
    std::optional<unsigned> loop = loopOfDim(nest.operandMaps[0], dim->second);
    if (!loop || !dimOfLoop(nest.resultMaps[0], *loop))
      return;
    enter(view, nest, *loop, domain);
    add(view, home->second);
  }

  /// What is made of the kernel's inputs alone, element by element, for the rows of one later domain, is made there.
  void joinReader(unsigned index) {
    RowDomain &domain = domains[index];
    std::optional<unsigned> reader;
    for (Operation *op : domain.ops) {
      std::optional<LoopNest> nest = isView(op) ? getViewLoops(op) : LoopNest::get(op);
      if (!domain.rows || !nest || !nest->allParallel() || !(isa<linalg::GenericOp>(op) || isView(op)))
        return;
      for (Value operand : op->getOperands())
        if (int before = lastDomainBefore(operand); before >= 0 && before != int(index))
          return;
      for (OpOperand &use : op->getUses()) {
        if (use.getOwner()->hasTrait<OpTrait::IsTerminator>())
          continue;
        auto home = domainOf.find(use.getOwner());
        if (home == domainOf.end())
          return;
        if (home->second == index)
          continue;
        RowDomain &other = domains[home->second];
        std::optional<LoopNest> reads = LoopNest::get(use.getOwner());
        if (!other.rows || !reads || (reader && *reader != home->second) || !other.loop.contains(use.getOwner()) ||
            dimOfLoop(reads->operandMaps[use.getOperandNumber()], other.loop.lookup(use.getOwner())) !=
                domain.rowDim.lookup(use.get()))
          return;
        reader = home->second;
      }
    }
    if (!reader)
      return;
    RowDomain &other = domains[*reader];
    auto readsDomain = [&](Operation *op) {
      return llvm::any_of(op->getOperands(), [&](Value value) { return llvm::is_contained(domain.ops, value.getDefiningOp()); });
    };
    other.ops.insert(llvm::find_if(other.ops, readsDomain), domain.ops.begin(), domain.ops.end());
    other.loop.insert(domain.loop.begin(), domain.loop.end());
    other.rowDim.insert(domain.rowDim.begin(), domain.rowDim.end());
    for (Operation *op : domain.ops)
      domainOf[op] = *reader;
    domain.ops.clear();
  }

  /// The domain after which the value is there: that of its producer, looking through ops that compute nothing.
  int lastDomainBefore(Value value) {
    Operation *producer = value.getDefiningOp();
    if (!producer)
      return -1;
    if (auto it = domainOf.find(producer); it != domainOf.end())
      return it->second;
    int last = -1;
    for (Value operand : producer->getOperands())
      last = std::max(last, lastDomainBefore(operand));
    return last;
  }

  void add(Operation *op, unsigned index) {
    domains[index].ops.push_back(op);
    if (isMainLoop(op))
      domains[index].mainLoop = op;
    domainOf[op] = index;
  }

  static void enter(Operation *op, const LoopNest &nest, unsigned loop, RowDomain &domain) {
    domain.loop[op] = loop;
    if (nest.isParallel(loop))
      for (auto [result, map] : llvm::zip(op->getResults(), nest.resultMaps))
        domain.rowDim[result] = *dimOfLoop(map, loop);
  }

  static bool joins(Operation *op, const LoopNest &nest, RowDomain &domain) {
    std::optional<unsigned> loop;
    for (OpOperand &operand : op->getOpOperands()) {
      Operation *producer = operand.get().getDefiningOp();
      if (!producer || !llvm::is_contained(domain.ops, producer))
        continue;
      auto dim = domain.rowDim.find(operand.get());
      if (dim == domain.rowDim.end())
        return false;
      AffineMap map = nest.operandMaps[operand.getOperandNumber()];
      std::optional<unsigned> rows = loopOfDim(map, dim->second);
      if (!rows || dimOfLoop(map, *rows) != dim->second || (loop && loop != rows))
        return false;
      loop = rows;
    }
    if (!loop || !readsForward(nest, *loop))
      return false;
    bool parallel = nest.isParallel(*loop);
    for (AffineMap map : nest.resultMaps)
      if (parallel ? !dimOfLoop(map, *loop) : usesLoop(map, *loop))
        return false;
    if (isMainLoop(op) && (domain.mainLoop || !parallel))
      return false;
    if (!parallel && !isCombinable(op))
      return false;
    enter(op, nest, *loop, domain);
    return true;
  }

  static bool isCombinable(Operation *op) {
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic)
      return isa<norm::MomentsOp>(op);
    for (unsigned i = 0, e = generic.getNumDpsInits(); i < e; ++i) {
      SmallVector<Operation *> combiners;
      if (!matchReduction(generic.getRegionOutputArgs(), i, combiners) || combiners.size() != 1 ||
          !arith::getNeutralElement(combiners[0]))
        return false;
    }
    return true;
  }

  std::vector<RowDomain> domains;
  DenseMap<Operation *, unsigned> domainOf;
  int64_t splitDim = 0; // of the results that nothing in the kernel decides
};
} // namespace

std::vector<RowDomain> findRowDomains(Block &body) { return DomainFinder().run(body); }

} // namespace keel
