// A recursive descent over the statements; names are resolved to registers and labels as they are met.
#include "passes/emulate/PtxLexer.h"

#include <map>

using namespace keel::ptx;

// For messages: one line.
static std::string withSingleBlanks(std::string_view text) {
  std::string result;
  for (char c : text)
    if (bool blank = c == ' ' || c == '\t' || c == '\n'; !blank || result.back() != ' ')
      result += blank ? ' ' : c;
  return result;
}

namespace {
// Thrown nowhere: the project builds without exceptions, so each step says whether it went well.
class Parser {
public:
  explicit Parser(std::string_view text) : lexer(text) { take(); }

  std::variant<Program, Error> run() {
    scopes.emplace_back();
    while (token.kind != Token::Kind::End)
      if (!statement())
        return error;
    if (scopes.size() > 1) {
      fail("a { without its }");
      return error;
    }
    if (!closeScope())
      return error;
    return std::move(program);
  }

private:
  struct Branch {
    std::string label;
    Position position;
    size_t statement, operand;
  };
  struct Scope {
    std::map<std::string, unsigned, std::less<>> registers, labels;
    std::vector<Branch> branches; // to labels not met yet
  };

  void take() {
    previousEnd = token.end;
    token = lexer.next();
  }

  bool fail(std::string message) { return fail(token.position, std::move(message)); }
  bool fail(Position position, std::string message) {
    if (token.kind == Token::Kind::Bad && position.line == token.position.line && position.column == token.position.column)
      message = token.text;
    error = {position, std::move(message)};
    return false;
  }

  std::string found() const {
    switch (token.kind) {
    case Token::Kind::End:
      return "the end";
    case Token::Kind::Bad:
      return token.text;
    default:
      return "'" + std::string(lexer.source(token.begin, token.end)) + "'";
    }
  }

  bool expect(char c) {
    if (!token.is(c))
      return fail(std::string("expected '") + c + "', found " + found());
    take();
    return true;
  }

  bool statement() {
    if (token.is(';')) {
      take();
      return true;
    }
    if (token.is('{')) {
      take();
      scopes.emplace_back();
      return true;
    }
    if (token.is('}')) {
      if (scopes.size() == 1)
        return fail("a } without its {");
      take();
      return closeScope();
    }
    if (token.is('@'))
      return instruction();
    if (token.kind != Token::Kind::Word)
      return fail("expected an instruction, found " + found());
    if (token.text[0] == '.')
      return directive();
    return instruction();
  }

  bool directive() {
    if (token.text == ".pragma" || token.text == ".loc") {
      while (token.kind != Token::Kind::End && !token.is(';'))
        take();
      return expect(';');
    }
    if (token.text != ".reg")
      return fail("directive " + found() + " is not supported in inline assembly, only .reg and .pragma");
    take();
    Register type;
    if (token.kind != Token::Kind::Word || !parseType(token.text, type))
      return fail("expected a register type such as .b32 or .pred, found " + found());
    take();
    while (true) {
      if (token.kind != Token::Kind::Word)
        return fail("expected a register's name, found " + found());
      std::string name = token.text;
      take();
      if (token.is('<')) { // %r<4> declares %r0 to %r3
        take();
        if (token.kind != Token::Kind::Integer || token.bits > 4096)
          return fail("expected a number of registers, found " + found());
        for (uint64_t i = 0; i < token.bits; ++i)
          declare(name + std::to_string(i), type);
        take();
        if (!expect('>'))
          return false;
      } else {
        declare(name, type);
      }
      if (token.is(','))
        take();
      else
        return expect(';');
    }
  }

  static bool parseType(std::string_view text, Register &type) {
    if (text == ".pred") {
      type = {"", 'p', 1};
      return true;
    }
    for (std::string_view known : {".b8", ".u8", ".s8", ".b16", ".u16", ".s16", ".f16", ".b32", ".u32", ".s32", ".f32", ".f16x2",
                                   ".b64", ".u64", ".s64", ".f64", ".b128"})
      if (text == known) {
        type = {"", text == ".f16x2" ? 'b' : text[1], text == ".f16x2" ? 32u : unsigned(std::stoul(std::string(text.substr(2))))};
        return true;
      }
    return false;
  }

  void declare(std::string name, Register type) {
    type.name = name;
    scopes.back().registers[std::move(name)] = program.registers.size();
    program.registers.push_back(std::move(type));
  }

  bool instruction() {
    Statement result;
    result.position = token.position;
    size_t begin = token.begin;
    if (token.is('@')) {
      take();
      Operand guard;
      if (!operand(guard, result))
        return false;
      result.guard = std::move(guard);
    }
    if (token.kind != Token::Kind::Word)
      return fail("expected an instruction's name, found " + found());
    Position position = token.position;
    result.opcode = token.text;
    take();
    if (token.is(':')) {
      if (result.guard)
        return fail("a guard before a label");
      take();
      return label(result.opcode, position);
    }
    bool branch = splitOpcode(result.opcode)[0] == "bra";
    for (bool more = !token.is(';'); more;) {
      if (token.kind == Token::Kind::End || token.is('}')) // the assembler takes no missing semicolon
        return fail("expected ';' after " + result.opcode + ", found " + found());
      Operand parsed;
      if (branch) {
        if (token.kind != Token::Kind::Word)
          return fail("expected a label, found " + found());
        parsed.kind = Operand::Kind::Label;
        parsed.name = token.text;
        scopes.back().branches.push_back({token.text, token.position, program.statements.size(), result.operands.size()});
        take();
      } else if (!operand(parsed, result)) {
        return false;
      }
      result.operands.push_back(std::move(parsed));
      more = token.is(',');
      if (more)
        take();
      else if (!token.is(';'))
        return fail("expected ',' or ';' after an operand of " + result.opcode + ", found " + found());
    }
    result.text = withSingleBlanks(lexer.source(begin, previousEnd));
    take();
    program.statements.push_back(std::move(result));
    return true;
  }

  bool label(const std::string &name, Position position) {
    auto [entry, isNew] = scopes.back().labels.try_emplace(name, program.numLabels);
    if (!isNew)
      return fail(position, "label " + name + " is there twice");
    Statement result;
    result.kind = Statement::Kind::Label;
    result.position = position;
    result.label = program.numLabels++;
    program.statements.push_back(std::move(result));
    return true;
  }

  // Branches may go to labels of the scope or of one around it, before or after them.
  bool closeScope() {
    Scope scope = std::move(scopes.back());
    scopes.pop_back();
    for (Branch &branch : scope.branches) {
      auto target = scope.labels.find(branch.label);
      if (target != scope.labels.end())
        program.statements[branch.statement].operands[branch.operand].number = target->second;
      else if (scopes.empty())
        return fail(branch.position, "no label " + branch.label + " to branch to");
      else
        scopes.back().branches.push_back(std::move(branch));
    }
    return true;
  }

  bool operand(Operand &result, const Statement &of) {
    if (!simpleOperand(result, of))
      return false;
    if (!token.is('|'))
      return true;
    take();
    Operand second;
    if (!simpleOperand(second, of))
      return false;
    Operand first = std::move(result);
    result = Operand{Operand::Kind::Pair};
    result.elements = {std::move(first), std::move(second)};
    return true;
  }

  bool simpleOperand(Operand &result, const Statement &of) {
    bool negative = false;
    if (token.is('!') || token.is('-')) {
      (token.is('!') ? result.negated : negative) = true;
      take();
    }
    if (token.kind == Token::Kind::Integer || token.kind == Token::Kind::Float32 || token.kind == Token::Kind::Float64) {
      result.kind = Operand::Kind::Immediate;
      result.bits = token.bits;
      if (token.kind == Token::Kind::Integer) {
        result.bits = negative ? 0 - token.bits : token.bits;
      } else {
        bool isSingle = token.kind == Token::Kind::Float32;
        result.immediate = isSingle ? Operand::Immediate::Float32 : Operand::Immediate::Float64;
        result.bits ^= negative ? uint64_t(1) << (isSingle ? 31 : 63) : 0;
      }
      take();
      return true;
    }
    if (negative)
      return fail("expected a number after '-', found " + found());
    if (token.is('{'))
      return list(result, of, Operand::Kind::Vector, '}');
    if (token.is('['))
      return address(result, of);
    if (token.kind == Token::Kind::Placeholder) {
      result.kind = Operand::Kind::Placeholder;
      result.number = token.bits;
      take();
      return true;
    }
    if (token.kind != Token::Kind::Word)
      return fail("expected an operand of " + of.opcode + ", found " + found());
    return name(result);
  }

  bool name(Operand &result) {
    if (token.text == "_") {
      result.kind = Operand::Kind::Discard;
      take();
      return true;
    }
    for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope)
      if (auto entry = scope->registers.find(token.text); entry != scope->registers.end()) {
        result.kind = Operand::Kind::Register;
        result.number = entry->second;
        take();
        return true;
      }
    if (token.text == "WARP_SZ") {
      result.kind = Operand::Kind::Immediate;
      result.bits = 32;
    } else if (token.text[0] == '%') {
      result.kind = Operand::Kind::Special;
      result.name = token.text;
    } else {
      return fail("no register " + token.text + " is declared");
    }
    take();
    return true;
  }

  bool list(Operand &result, const Statement &of, Operand::Kind kind, char close) {
    take();
    result.kind = kind;
    while (!token.is(close)) {
      if (!result.elements.empty() && !expect(','))
        return false;
      Operand element;
      if (!operand(element, of))
        return false;
      result.elements.push_back(std::move(element));
      if (kind == Operand::Kind::Address && result.elements.size() == 1 && (token.is('+') || token.is('-'))) {
        bool negative = token.is('-');
        take();
        if (token.is('-')) { // [r+-8], as compilers print it
          negative = !negative;
          take();
        }
        if (token.kind != Token::Kind::Integer)
          return fail("expected a number of bytes, found " + found());
        result.bits = negative ? 0 - token.bits : token.bits;
        take();
      }
    }
    if (result.elements.empty())
      return fail(std::string("expected an operand before '") + close + "'");
    take();
    return true;
  }

  bool address(Operand &result, const Statement &of) { return list(result, of, Operand::Kind::Address, ']'); }

  Lexer lexer;
  Token token;
  size_t previousEnd = 0;
  Program program;
  Error error;
  std::vector<Scope> scopes;
};
} // namespace

std::variant<Program, Error> keel::ptx::parse(std::string_view text) { return Parser(text).run(); }

std::vector<std::string_view> keel::ptx::splitOpcode(std::string_view opcode) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= opcode.size();) {
    size_t end = std::min(opcode.find('.', begin), opcode.size());
    parts.push_back(opcode.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool keel::ptx::hasModifier(std::string_view opcode, std::string_view modifier) {
  for (std::string_view part : splitOpcode(opcode))
    if (part == modifier)
      return true;
  return false;
}
