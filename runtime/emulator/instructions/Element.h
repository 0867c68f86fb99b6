// Elements of the operands of matrix products, packed in 32-bit words.
#ifndef KEEL_EMULATOR_INSTRUCTIONS_ELEMENT_H
#define KEEL_EMULATOR_INSTRUCTIONS_ELEMENT_H

#include "runtime/emulator/instructions/Number.h"

#include <optional>
#include <string_view>

namespace keel::emulator {

enum class Element : std::uint8_t { Half, BFloat, TFloat, E4m3, E5m2, Signed, Unsigned };
template <Element element> inline float value(std::uint32_t word, std::uint32_t index) {
  if constexpr (element == Element::Half)
    return fromHalf(static_cast<std::uint16_t>(word >> 16 * index));
  if constexpr (element == Element::BFloat)
    return fromBFloat(static_cast<std::uint16_t>(word >> 16 * index));
  if constexpr (element == Element::TFloat) // the low 13 bits are not looked at
    return asFloat(word & 0xffffe000u);
  if constexpr (element == Element::E4m3)
    return decodeFloat(word >> 8 * index & 0xff, e4m3);
  if constexpr (element == Element::E5m2)
    return decodeFloat(word >> 8 * index & 0xff, e5m2);
  if constexpr (element == Element::Signed)
    return static_cast<float>(static_cast<std::int8_t>(word >> 8 * index));
  return static_cast<float>(word >> 8 * index & 0xff);
}

constexpr std::uint32_t perRegister(Element element) {
  return element >= Element::E4m3 ? 4 : element == Element::TFloat ? 1 : 2;
}

/// Calls function<element>().
template <class Function> void dispatch(Element element, Function function) {
  switch (element) {
  case Element::Half:
    return function.template operator()<Element::Half>();
  case Element::BFloat:
    return function.template operator()<Element::BFloat>();
  case Element::TFloat:
    return function.template operator()<Element::TFloat>();
  case Element::E4m3:
    return function.template operator()<Element::E4m3>();
  case Element::E5m2:
    return function.template operator()<Element::E5m2>();
  case Element::Signed:
    return function.template operator()<Element::Signed>();
  case Element::Unsigned:
    return function.template operator()<Element::Unsigned>();
  }
}

inline std::optional<Element> parseElement(std::string_view type) {
  static constexpr std::pair<std::string_view, Element> elements[] = {
      {"f16", Element::Half},  {"bf16", Element::BFloat}, {"tf32", Element::TFloat},  {"e4m3", Element::E4m3},
      {"e5m2", Element::E5m2}, {"s8", Element::Signed},   {"u8", Element::Unsigned}};
  for (auto [name, value] : elements)
    if (name == type)
      return value;
  return std::nullopt;
}

} // namespace keel::emulator

#endif
