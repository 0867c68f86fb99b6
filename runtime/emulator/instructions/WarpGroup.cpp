// Matrix products of four warps, with operands in shared memory. PTX ISA 9.7.15: wgmma.mma_async (m64nNk16 of f16 and bf16,
// m64nNk8 of tf32, m64nNk32 of 8-bit floats), wgmma.fence, commit_group, wait_group; 9.7.15.5.1 for descriptors and layouts.
//
// Thread l of warp w holds of D the rows 16w + l/4 and 8 further, columns 8j + 2(l mod 4) and the next. The results are there at
// once; the operands in shared memory count as being read until somebody has waited for the group.
#include "runtime/emulator/Worker.h"
#include "runtime/emulator/instructions/MBarrier.h"
#include "runtime/emulator/instructions/ProductSum.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

namespace keel::emulator {

using runtime::text;

namespace {
struct GroupProduct {
  std::uint32_t n, k, words; // words of D in a thread
  Element a, b;
  bool half;    // D in f16
};

/// A matrix descriptor, in bytes.
struct Descriptor {
  std::uint32_t start, leading, stride, row; // row: bytes of a swizzled row, or 16
  std::uint32_t swizzle;                     // bits of the address that are changed
  explicit Descriptor(std::uint64_t word)
      : start((word & 0x3fff) << 4), leading((word >> 16 & 0x3fff) << 4), stride((word >> 32 & 0x3fff) << 4) {
    static constexpr std::uint32_t rows[] = {16, 128, 64, 32};
    row = rows[word >> 62];
    swizzle = row / 16 - 1;
  }
  /// Where the 16 bytes are that hold row `row` and piece `piece` of it. K-major: a row is one of M or N, its pieces go along K;
  /// otherwise a row is one of K, its pieces go along M or N.
  std::uint32_t at(std::uint32_t r, std::uint32_t piece, bool kMajor) const {
    std::uint32_t offset;
    if (row == 16)
      offset = r % 8 * 16 + (kMajor ? r / 8 * stride + piece * leading : r / 8 * leading + piece * stride);
    else if (kMajor)
      offset = r / 8 * stride + r % 8 * row + piece * 16;
    else
      offset = piece * 16 / row * leading + r / 8 * stride + r % 8 * row + piece * 16 % row;
    std::uint32_t address = start + offset;
    return address ^ ((address >> 7 & swizzle) << 4);
  }
};

/// Into a matrix of rows (of M or N) times k: element (r, i) at out[r * strideRow + i * strideK].
template <Element element>
void readOperand(Thread &thread, std::uint64_t word, std::uint32_t rows, std::uint32_t k, bool kMajor,
                 std::uint32_t time, float *out, std::uint32_t strideRow, std::uint32_t strideK, const Site *site) {
  Descriptor descriptor(word);
  constexpr std::uint32_t inWord = perRegister(element), inPiece = 4 * inWord;
  std::uint32_t outer = kMajor ? rows : k, pieces = (kMajor ? k : rows) / inPiece;
  std::uint64_t base = thread.block->arena;
  for (std::uint32_t r = 0; r < outer; ++r) {
    for (std::uint32_t p = 0; p < pieces; ++p) {
      std::uint32_t words[4];
      std::memcpy(words, readForProduct(thread, base | (descriptor.at(r, p, kMajor) & (blockWindow - 1)), 16, time, site), 16);
      for (std::uint32_t e = 0; e < inPiece; ++e) {
        std::uint32_t along = p * inPiece + e;
        out[kMajor ? r * strideRow + along * strideK : along * strideRow + r * strideK] =
            value<element>(words[e / inWord], e % inWord);
      }
    }
  }
}

/// What all threads of the group must give alike.
void checkUniform(Warp *warps, const GroupProduct &product, const Site &site) {
  const std::uint64_t *first = warps[0].thread(0).in;
  bool registers = site.num_in - product.words > 7;
  for (std::uint32_t w = 0; w < 4; ++w)
    for (std::uint32_t lane = 0; lane < warpSize; ++lane)
      for (std::uint32_t i = product.words + (registers ? 4 : 0); i < site.num_in; ++i)
        if (warps[w].thread(lane).in[i] != first[i])
          fault(warps[w].thread(lane), &site, Fault::Invalid, "descriptors and scales must be the same in all threads of the four warps");
}

/// Eight columns of a row of D: two in each of four lanes.
void addRow(Warp &warp, std::uint32_t row, std::uint32_t column, const ProductSum &sum, bool half, bool keeps) {
  float c[ProductSum::columns] = {};
  double sums[ProductSum::columns];
  std::uint32_t pair = column / 4 + row / 8 % 2, lane = row % 8 * 4; // which pair of a thread's elements
  for (std::uint32_t j = 0; j < ProductSum::columns && keeps; ++j) {
    const std::uint64_t *in = warp.thread(lane + j / 2).in;
    c[j] = half ? fromHalf(static_cast<std::uint16_t>(in[pair] >> 16 * (j % 2))) : asFloat(in[2 * pair + j % 2]);
  }
  sum.add(row, column, c, sums);
  for (std::uint32_t t = 0; t < ProductSum::columns / 2; ++t) {
    std::uint64_t *out = warp.thread(lane + t).out;
    if (half) {
      out[pair] = sum.toHalfBits(sums[2 * t]) | static_cast<std::uint64_t>(sum.toHalfBits(sums[2 * t + 1])) << 16;
    } else {
      out[2 * pair] = sum.toFloatBits(sums[2 * t]);
      out[2 * pair + 1] = sum.toFloatBits(sums[2 * t + 1]);
    }
  }
}

void multiplyGroup(Warp *warps, const Site &site) {
  const auto &product = decoded<GroupProduct>(&site);
  checkUniform(warps, product, site);
  Thread &thread = warps[0].thread(0);
  Block &block = *thread.block;
  std::uint32_t time = block.time++, k = product.k, n = product.n;
  const std::uint64_t *in = thread.in + product.words;
  std::uint32_t rest = site.num_in - product.words;
  bool registers = rest > 7; // A in four registers: 8, or 9 with the transposition of B
  const std::uint64_t *after = in + (registers ? 4 : 1) + 1; // scale-d, scale-a, scale-b, transpositions
  bool keeps = after[0] & 1;
  bool negative = static_cast<std::int32_t>(after[1] ^ after[2]) < 0; // scale-a and scale-b are 1 or -1
  bool transposes = rest == (registers ? 9u : 7u);
  bool kMajorA = registers || !transposes || !(after[3] & 1);
  bool kMajorB = !transposes || !(after[registers ? 3 : 4] & 1);

  // On the stack of a fibre there is no room, and a fault would leak what is on the heap.
  Worker &worker = *block.worker;
  worker.scratch.assign(64 * k + n * k, 0);
  float *a = worker.scratch.data(), *b = a + 64 * k;
  dispatch(product.a, [&]<Element element> {
    if (!registers)
      return readOperand<element>(thread, in[0], 64, k, kMajorA, time, a, k, 1, &site);
    constexpr std::uint32_t count = perRegister(element);
    for (std::uint32_t w = 0; w < 4; ++w)
      for (std::uint32_t lane = 0; lane < warpSize; ++lane)
        for (std::uint32_t r = 0; r < 4; ++r)
          for (std::uint32_t e = 0; e < count; ++e)
            a[(16 * w + lane / 4 + 8 * (r & 1)) * k + lane % 4 * count + e + 4 * count * (r >> 1)] =
                value<element>(static_cast<std::uint32_t>(warps[w].thread(lane).in[product.words + r]), e);
  });
  dispatch(product.b, [&]<Element element> {
    readOperand<element>(thread, in[registers ? 4 : 1], n, k, kMajorB, time, b, 1, n, &site);
  });
  if (negative)
    std::for_each(a, b, [](float &value) { value = -value; });

  ProductSum sum(a, 64, b, n, k, product.a);
  for (std::uint32_t row = 0; row < 64; ++row)
    for (std::uint32_t column = 0; column < n; column += ProductSum::columns)
      addRow(warps[row / 16], row, column, sum, product.half, keeps);
  for (std::uint32_t w = 0; w < 4; ++w) {
    for (std::uint32_t lane = 0; lane < warpSize; ++lane) {
      Thread &to = warps[w].thread(lane);
      to.products.emplace_back(to.productGroup, time);
    }
  }
}

/// A warp has come; the last of the four executes it.
void warpComes(Warp &warp, std::uint32_t, const Site &site) {
  WarpGroup &group = warp.block->warpGroups[warp.index / 4];
  if (group.arrived && group.site != &site)
    fault(warp.thread(0), &site, Fault::Divergence,
          text("the other warps of the group are at another wgmma: ", group.site->text, " (", group.site->location, ")"));
  group.site = &site;
  if (++group.arrived < 4)
    return;
  Warp *warps = &warp.block->warps[warp.index / 4 * 4];
  multiplyGroup(warps, site);
  group.arrived = 0;
  ++group.generation;
  for (std::uint32_t w = 0; w < 4; ++w)
    warps[w].ready |= allLanes;
}

void multiply(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  Thread &thread = self(t);
  std::size_t index = thread.warp->index / 4;
  if (4 * index + 3 >= thread.block->warps.size())
    fault(thread, site, Fault::Divergence, "needs four whole warps");
  if (!thread.productsFenced)
    fault(thread, site, Fault::Race, "the registers need a wgmma.fence before the first product");
  WarpGroup &group = thread.block->warpGroups[index];
  std::uint32_t generation = group.generation;
  meet(thread, allLanes, Convergence::Whole, in, out, site, warpComes);
  while (group.generation == generation)
    wait(thread);
}

void fenceRegisters(keel_emulated_thread *t, const std::uint64_t *, std::uint64_t *, const Site *) { self(t).productsFenced = true; }
void commit(keel_emulated_thread *t, const std::uint64_t *, std::uint64_t *, const Site *) { ++self(t).productGroup; }

void waitGroups(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *) {
  Thread &thread = self(t);
  std::uint64_t limit = thread.productGroup - std::min<std::uint64_t>(static_cast<std::uint32_t>(in[0]), thread.productGroup);
  std::uint32_t latest = 0;
  std::size_t done = 0;
  for (; done < thread.products.size() && thread.products[done].first < limit; ++done)
    latest = thread.products[done].second;
  thread.products.erase(thread.products.begin(), thread.products.begin() + static_cast<std::ptrdiff_t>(done));
  if (thread.products.empty())
    thread.productsFenced = false; // what is done with the registers now is to be fenced again
  if (!latest || !thread.block->grid->full)
    return;
  auto knowledge = std::make_shared<Knowledge>(1);
  knowledge->front() = {thread.block->index, 0, {{matrixThread, latest}}};
  acquire(thread, Scope::Cta, {knowledge, Scope::Cta, thread.block->index});
}

// wgmma.mma_async.sync.aligned.m64nNkK.dtype.atype.btype d, a, b, scale-d, scale-a, scale-b{, trans-a}{, trans-b}; D comes first
// among the operands, as what is added to.
std::optional<Binding> decodeGroup(const Name &name) {
  std::string_view what = name.part(1);
  if (what == "fence")
    return Binding{fenceRegisters};
  if (what == "commit_group")
    return Binding{commit};
  if (what == "wait_group")
    return Binding{waitGroups};
  std::string shape(name.part(4));
  std::size_t kAt = shape.find('k');
  if (what != "mma_async" || name.parts.size() != 8 || shape.substr(0, 4) != "m64n" || kAt == std::string::npos)
    return std::nullopt;
  auto n = static_cast<std::uint32_t>(std::atoi(shape.c_str() + 4)), k = static_cast<std::uint32_t>(std::atoi(shape.c_str() + kAt + 1));
  auto a = parseElement(name.part(6)), b = parseElement(name.part(7));
  std::string_view d = name.part(5);
  if (!a || !b || *a >= Element::Signed || *b >= Element::Signed || perRegister(*a) != perRegister(*b) || (d != "f32" && d != "f16") ||
      n % 8 || n == 0 || n > 256 || k != 8 * perRegister(*a))
    return std::nullopt;
  bool halfSum = d == "f16";
  return bind(multiply, GroupProduct{n, k, halfSum ? n / 4 : n / 2, *a, *b, halfSum});
}
} // namespace

std::span<const Opcode> warpGroupInstructions() {
  static constexpr Opcode table[] = {{"wgmma", decodeGroup}};
  return table;
}

} // namespace keel::emulator
