// Tokens of PTX inside inline assembly.
#pragma once

#include "passes/emulate/PtxParser.h"

namespace keel::ptx {
struct Token {
  enum class Kind { End, Word, Placeholder, Integer, Float32, Float64, Punctuation, Bad };
  Kind kind = Kind::End;
  Position position;
  std::string text;  ///< the word or the punctuation; the message of what is bad
  uint64_t bits = 0; ///< the number's, or the placeholder's index
  size_t begin = 0, end = 0;
  bool is(char c) const { return kind == Kind::Punctuation && text[0] == c; }
};

/// Splits text into tokens; comments are skipped. A word is an identifier with its dots and double colons.
class Lexer {
public:
  explicit Lexer(std::string_view text) : text(text) {}
  Token next();
  std::string_view source(size_t begin, size_t end) const { return text.substr(begin, end - begin); }

private:
  char at(size_t ahead = 0) const { return cursor + ahead < text.size() ? text[cursor + ahead] : '\0'; }
  void advance();
  bool skipBlanks(Token &token);
  void lexDollar(Token &token);
  void lexNumber(Token &token);
  void lexWord(Token &token);

  std::string_view text;
  size_t cursor = 0;
  Position position;
};
} // namespace keel::ptx
