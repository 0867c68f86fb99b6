// Comments, identifiers with dots, operands of the inline assembly, and PTX's numbers (PTX ISA 9.0, sections 4.2 to 4.5).
#include "passes/emulate/PtxLexer.h"

#include <cctype>
#include <cstdlib>
#include <cstring>

using namespace keel::ptx;

static bool isWord(char c) { return std::isalnum((unsigned char)c) || c == '_' || c == '%'; }

void Lexer::advance() {
  if (text[cursor] == '\n') {
    ++position.line;
    position.column = 0;
  }
  ++position.column;
  ++cursor;
}

// False at a comment that does not end.
bool Lexer::skipBlanks(Token &token) {
  while (cursor < text.size()) {
    if (std::isspace((unsigned char)at())) {
      advance();
    } else if (at() == '/' && at(1) == '/') {
      while (cursor < text.size() && at() != '\n')
        advance();
    } else if (at() == '/' && at(1) == '*') {
      token.position = position;
      while (cursor < text.size() && !(at() == '*' && at(1) == '/'))
        advance();
      if (cursor == text.size()) {
        token.kind = Token::Kind::Bad;
        token.text = "a comment without its */";
        return false;
      }
      advance();
      advance();
    } else {
      break;
    }
  }
  return true;
}

// $3, ${3:x}, ${:uid}; $$ is a letter of a word.
void Lexer::lexDollar(Token &token) {
  advance();
  token.kind = Token::Kind::Placeholder;
  bool braced = at() == '{';
  if (braced)
    advance();
  if (!std::isdigit((unsigned char)at())) {
    token.kind = Token::Kind::Bad;
    token.text = "expected an operand's number after $";
    return;
  }
  while (std::isdigit((unsigned char)at())) {
    token.bits = token.bits * 10 + (at() - '0');
    advance();
  }
  if (!braced)
    return;
  while (cursor < text.size() && at() != '}')
    advance();
  if (cursor < text.size())
    advance();
}

void Lexer::lexNumber(Token &token) {
  size_t begin = cursor;
  auto digits = [&](auto accept) {
    std::string found;
    for (; accept(at()); advance())
      found += at();
    return found;
  };
  auto isHex = [](char c) { return std::isxdigit((unsigned char)c); };
  auto integer = [&](const std::string &found, int base) {
    token.kind = Token::Kind::Integer;
    token.bits = std::strtoull(found.c_str(), nullptr, base);
    if (at() == 'U')
      advance();
  };
  char second = std::tolower((unsigned char)at(1));
  if (at() == '0' && (second == 'f' || second == 'd')) {
    advance();
    advance();
    std::string found = digits(isHex);
    size_t expected = second == 'f' ? 8 : 16;
    token.kind = second == 'f' ? Token::Kind::Float32 : Token::Kind::Float64;
    token.bits = std::strtoull(found.c_str(), nullptr, 16);
    if (found.size() != expected) {
      token.kind = Token::Kind::Bad;
      token.text = std::string("0") + second + " wants " + std::to_string(expected) + " hexadecimal digits";
    }
  } else if (at() == '0' && (second == 'x' || second == 'b')) {
    advance();
    advance();
    integer(digits(isHex), second == 'x' ? 16 : 2);
  } else {
    std::string found = digits([](char c) { return std::isdigit((unsigned char)c); });
    bool exponent = (at() == 'e' || at() == 'E') && (std::isdigit((unsigned char)at(1)) || at(1) == '-' || at(1) == '+');
    if (at() == '.' || exponent) {
      if (at() == '.')
        advance();
      digits([](char c) { return std::isdigit((unsigned char)c); });
      if (at() == 'e' || at() == 'E') {
        advance();
        if (at() == '-' || at() == '+')
          advance();
        digits([](char c) { return std::isdigit((unsigned char)c); });
      }
      double value = std::strtod(std::string(text.substr(begin, cursor - begin)).c_str(), nullptr);
      token.kind = Token::Kind::Float64;
      std::memcpy(&token.bits, &value, sizeof value);
    } else {
      integer(found, found.size() > 1 && found[0] == '0' ? 8 : 10);
    }
  }
  if (token.kind != Token::Kind::Bad && isWord(at())) {
    token.kind = Token::Kind::Bad;
    token.text = "letters after a number";
  }
}

void Lexer::lexWord(Token &token) {
  token.kind = Token::Kind::Word;
  while (cursor < text.size()) {
    bool dollar = at() == '$' && at(1) == '$';
    if (dollar)
      advance();
    if (dollar || isWord(at()) || at() == '.') {
      token.text += at();
      advance();
    } else if (at() == ':' && at(1) == ':' && !token.text.empty()) { // shared::cta, and not a label's colon
      token.text += "::";
      advance();
      advance();
    } else if (text.substr(cursor, 7) == "${:uid}") { // labels of one assembly are apart from any other's anyway
      token.text += "_uid";
      for (int i = 0; i < 7; ++i)
        advance();
    } else {
      break;
    }
  }
}

Token Lexer::next() {
  Token token;
  if (!skipBlanks(token))
    return token;
  token.position = position;
  token.begin = cursor;
  char c = at();
  if (cursor == text.size()) {
  } else if (c == '$' && at(1) != '$' && text.substr(cursor, 7) != "${:uid}") {
    lexDollar(token);
  } else if (std::isdigit((unsigned char)c)) {
    lexNumber(token);
  } else if (isWord(c) || c == '.' || c == '$') {
    lexWord(token);
  } else if (c == '"') { // of .pragma
    token.kind = Token::Kind::Word;
    do
      advance();
    while (cursor < text.size() && at() != '"');
    if (cursor < text.size())
      advance();
  } else if (std::strchr("{}[]()<>,;:@!|+-", c)) {
    token.kind = Token::Kind::Punctuation;
    token.text = c;
    advance();
  } else {
    token.kind = Token::Kind::Bad;
    token.text = std::string("unexpected character '") + c + "'";
  }
  token.end = cursor;
  return token;
}
