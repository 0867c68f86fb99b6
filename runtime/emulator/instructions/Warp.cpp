// What the threads of a warp do together. PTX ISA 9.7.9.6 shfl.sync; 9.7.13.9 vote.sync; 9.7.13.10 match.sync;
// 9.7.13.11 activemask; 9.7.13.12 redux.sync; 9.7.13.14 elect.sync. None of them orders memory.
#include "runtime/emulator/Instruction.h"

#include <algorithm>
#include <cmath>

namespace keel::emulator {

namespace {
template <class Function> void forLanes(std::uint32_t lanes, Function function) {
  for (; lanes; lanes &= lanes - 1)
    function(static_cast<std::uint32_t>(std::countr_zero(lanes)));
}

// shfl.sync.mode.b32 d[|p], a, b, c, membermask
enum class Shuffle : std::uint8_t { Up, Down, Butterfly, Index };

template <Shuffle mode> void shuffleAll(Warp &warp, std::uint32_t lanes, const Site &) {
  forLanes(lanes, [&](std::uint32_t lane) {
    Thread &thread = warp.thread(lane);
    std::uint32_t b = thread.in[1] & 31, clampValue = thread.in[2] & 31, segment = thread.in[2] >> 8 & 31;
    std::uint32_t largest = (lane & segment) | (clampValue & ~segment), smallest = lane & segment;
    std::uint32_t source;
    bool valid;
    switch (mode) {
    case Shuffle::Up:
      source = lane - b;
      valid = static_cast<std::int32_t>(source) >= static_cast<std::int32_t>(largest);
      break;
    case Shuffle::Down:
      source = lane + b;
      valid = source <= largest;
      break;
    case Shuffle::Butterfly:
      source = lane ^ b;
      valid = source <= largest;
      break;
    default:
      source = smallest | (b & ~segment);
      valid = source <= largest;
    }
    if (!valid)
      source = lane;
    if (!(lanes >> source & 1)) // "if the source lane is inactive, or not in the mask, the value is undefined"
      fault(thread, thread.site, Fault::Invalid, runtime::text("reads lane ", source, ", which takes no part"));
    thread.out[0] = static_cast<std::uint32_t>(warp.thread(source).in[0]);
    thread.out[1] = valid;
  });
}

template <Shuffle mode>
void shuffle(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  meet(self(t), static_cast<std::uint32_t>(in[3]), Convergence::Opcode, in, out, site, shuffleAll<mode>);
}

std::optional<Binding> decodeShuffle(const Name &name) {
  if (!name.has("sync") || !name.has("b32"))
    return std::nullopt;
  if (name.has("up"))
    return Binding{shuffle<Shuffle::Up>};
  if (name.has("down"))
    return Binding{shuffle<Shuffle::Down>};
  if (name.has("bfly"))
    return Binding{shuffle<Shuffle::Butterfly>};
  if (name.has("idx"))
    return Binding{shuffle<Shuffle::Index>};
  return std::nullopt;
}

// vote.sync.mode d, a, membermask
enum class Vote : std::uint8_t { All, Any, Uniform, Ballot };

template <Vote mode> void voteAll(Warp &warp, std::uint32_t lanes, const Site &) {
  std::uint32_t ballot = 0;
  forLanes(lanes, [&](std::uint32_t lane) { ballot |= static_cast<std::uint32_t>(warp.thread(lane).in[0] & 1) << lane; });
  std::uint64_t result = mode == Vote::All       ? ballot == lanes
                         : mode == Vote::Any     ? ballot != 0
                         : mode == Vote::Uniform ? ballot == lanes || ballot == 0
                                                 : ballot;
  forLanes(lanes, [&](std::uint32_t lane) { warp.thread(lane).out[0] = result; });
}

template <Vote mode> void vote(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  meet(self(t), static_cast<std::uint32_t>(in[1]), Convergence::Opcode, in, out, site, voteAll<mode>);
}

std::optional<Binding> decodeVote(const Name &name) {
  if (!name.has("sync"))
    return std::nullopt;
  if (name.has("all"))
    return Binding{vote<Vote::All>};
  if (name.has("any"))
    return Binding{vote<Vote::Any>};
  if (name.has("uni"))
    return Binding{vote<Vote::Uniform>};
  if (name.has("ballot"))
    return Binding{vote<Vote::Ballot>};
  return std::nullopt;
}

// match.any.sync d, a, membermask; match.all.sync d|p, a, membermask
template <bool all> void matchAll(Warp &warp, std::uint32_t lanes, const Site &site) {
  std::uint64_t bits = decoded<Type>(&site).bits == 64 ? ~0ull : 0xffffffffull;
  forLanes(lanes, [&](std::uint32_t lane) {
    Thread &thread = warp.thread(lane);
    std::uint32_t same = 0;
    forLanes(lanes, [&](std::uint32_t other) {
      same |= static_cast<std::uint32_t>(((warp.thread(other).in[0] ^ thread.in[0]) & bits) == 0) << other;
    });
    thread.out[0] = all ? (same == lanes ? lanes : 0) : same;
    thread.out[1] = same == lanes;
  });
}

template <bool all> void match(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  meet(self(t), static_cast<std::uint32_t>(in[1]), Convergence::Opcode, in, out, site, matchAll<all>);
}

std::optional<Binding> decodeMatch(const Name &name) {
  auto type = parseType(name.last());
  if (!name.has("sync") || !type)
    return std::nullopt;
  if (name.has("any"))
    return bind(match<false>, *type);
  if (name.has("all"))
    return bind(match<true>, *type);
  return std::nullopt;
}

// activemask d: which threads run together is nobody's promise, so none but this one.
void activeMask(keel_emulated_thread *t, const std::uint64_t *, std::uint64_t *out, const Site *) { out[0] = self(t).bit(); }

// redux.sync.op.type d, a, membermask
struct Reduction {
  enum Op : std::uint8_t { Add, Min, Max, And, Or, Xor } op;
  Type type;
  bool magnitude, nan;
};

float reduceFloat(const Reduction &reduction, float a, float b) {
  if (reduction.magnitude)
    a = std::fabs(a), b = std::fabs(b);
  if (std::isnan(a) || std::isnan(b))
    return reduction.nan || (std::isnan(a) && std::isnan(b)) ? std::bit_cast<float>(0x7fffffffu) : std::isnan(a) ? b : a;
  return reduction.op == Reduction::Min ? std::min(a, b) : std::max(a, b);
}

std::uint32_t reduceInteger(const Reduction &reduction, std::uint32_t a, std::uint32_t b) {
  bool less = reduction.type.kind == Type::Signed ? static_cast<std::int32_t>(a) < static_cast<std::int32_t>(b) : a < b;
  switch (reduction.op) {
  case Reduction::Add:
    return a + b;
  case Reduction::Min:
    return less ? a : b;
  case Reduction::Max:
    return less ? b : a;
  case Reduction::And:
    return a & b;
  case Reduction::Or:
    return a | b;
  default:
    return a ^ b;
  }
}

void reduceAll(Warp &warp, std::uint32_t lanes, const Site &site) {
  const auto &reduction = decoded<Reduction>(&site);
  auto first = static_cast<std::uint32_t>(std::countr_zero(lanes));
  auto result = static_cast<std::uint32_t>(warp.thread(first).in[0]);
  if (reduction.magnitude)
    result &= 0x7fffffff;
  forLanes(lanes & (lanes - 1), [&](std::uint32_t lane) {
    auto value = static_cast<std::uint32_t>(warp.thread(lane).in[0]);
    result = reduction.type.isFloat()
                 ? std::bit_cast<std::uint32_t>(reduceFloat(reduction, std::bit_cast<float>(result), std::bit_cast<float>(value)))
                 : reduceInteger(reduction, result, value);
  });
  forLanes(lanes, [&](std::uint32_t lane) { warp.thread(lane).out[0] = result; });
}

void reduce(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  meet(self(t), static_cast<std::uint32_t>(in[1]), Convergence::Opcode, in, out, site, reduceAll);
}

std::optional<Binding> decodeReduce(const Name &name) {
  auto type = parseType(name.last());
  if (!name.has("sync") || !type || type->totalBits() != 32)
    return std::nullopt;
  static constexpr std::pair<std::string_view, Reduction::Op> ops[] = {{"add", Reduction::Add}, {"min", Reduction::Min},
                                                                       {"max", Reduction::Max}, {"and", Reduction::And},
                                                                       {"or", Reduction::Or},   {"xor", Reduction::Xor}};
  for (auto [op, value] : ops)
    if (name.has(op))
      return bind(reduce, Reduction{value, *type, name.has("abs"), name.has("NaN")});
  return std::nullopt;
}

// elect.sync d|p, membermask: any thread may be elected; the last is, since many rely on the first.
void elect(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  meet(self(t), static_cast<std::uint32_t>(in[0]), Convergence::Opcode, in, out, site, [](Warp &warp, std::uint32_t lanes, const Site &) {
    auto leader = 31 - static_cast<std::uint32_t>(std::countl_zero(lanes));
    forLanes(lanes, [&](std::uint32_t lane) {
      warp.thread(lane).out[0] = leader;
      warp.thread(lane).out[1] = lane == leader;
    });
  });
}

std::optional<Binding> decodeActiveMask(const Name &) { return Binding{activeMask}; }
std::optional<Binding> decodeElect(const Name &) { return Binding{elect}; }
} // namespace

std::span<const Opcode> warpInstructions() {
  static constexpr Opcode table[] = {{"shfl", decodeShuffle},  {"vote", decodeVote}, {"match", decodeMatch},
                                     {"activemask", decodeActiveMask}, {"redux", decodeReduce}, {"elect", decodeElect}};
  return table;
}

} // namespace keel::emulator
