// The structs of runtime/include/keel/artifact.h: kernels, entries, programs, and the function that returns them.
#include "passes/artifact/MetadataBuilder.h"

#include "passes/artifact/Artifact.h"
#include "passes/host/Host.h"
#include "runtime/include/keel/artifact.h"

#include "llvm/IR/IRBuilder.h"

using namespace mlir;
using namespace keel;

MetadataBuilder::MetadataBuilder(llvm::Module &module) : module(module), context(module.getContext()) {
  llvm::Type *i32 = llvm::Type::getInt32Ty(context), *i64 = llvm::Type::getInt64Ty(context);
  llvm::Type *pointer = llvm::PointerType::get(context, 0), *f64 = llvm::Type::getDoubleTy(context);
  tensorType = llvm::StructType::create(context, {i32, i32, pointer}, "keel_artifact_tensor");
  stateType = llvm::StructType::create(
      context, {pointer, tensorType, i32, i32, pointer, llvm::ArrayType::get(f64, 3)}, "keel_artifact_state");
  tensorMapType = llvm::StructType::create(
      context, {i32, i32, llvm::ArrayType::get(i32, 2), llvm::ArrayType::get(i64, 2)}, "keel_artifact_tensor_map");
  kernelType = llvm::StructType::create(
      context,
      {pointer, pointer, pointer, i32, i32, i32, i32, i32, i32, i32, i32, pointer, pointer, pointer, i32, pointer},
      "keel_artifact_kernel");
  entryType = llvm::StructType::create(context,
                                       {pointer, i32, i32, i32, i32, pointer, pointer, pointer, pointer, pointer, i64,
                                        i32, i64, i64, pointer},
                                       "keel_artifact_entry");
  programType = llvm::StructType::create(
      context, {pointer, i32, pointer, i32, i32, pointer, i64, i32, pointer, i32, pointer}, "keel_artifact_program");
  artifactType = llvm::StructType::create(context, {i32, i32, i32, pointer, i32, pointer}, "keel_artifact");
}

llvm::Constant *MetadataBuilder::global(llvm::Constant *value, unsigned alignment) {
  auto *variable = new llvm::GlobalVariable(module, value->getType(), /*isConstant=*/true,
                                            llvm::GlobalValue::PrivateLinkage, value, "keel.metadata");
  variable->setAlignment(llvm::Align(alignment));
  return variable;
}

llvm::Constant *MetadataBuilder::bytes(ArrayRef<char> data, unsigned alignment) {
  if (data.empty())
    return null();
  return global(llvm::ConstantDataArray::getRaw(StringRef(data.data(), data.size()), data.size(),
                                                llvm::Type::getInt8Ty(context)),
                alignment);
}

llvm::Constant *MetadataBuilder::tensorMap(DictionaryAttr description) {
  auto number = [&](StringRef name) { return i32(description.getAs<IntegerAttr>(name).getInt()); };
  auto box = description.getAs<DenseI32ArrayAttr>("box").asArrayRef();
  auto extents = description.getAs<DenseI64ArrayAttr>("extents").asArrayRef();
  SmallVector<uint32_t> boxWords(box.begin(), box.end());
  SmallVector<uint64_t> extentWords(extents.begin(), extents.end());
  return llvm::ConstantStruct::get(tensorMapType,
                                   {number("argument"), i32(getDtype(description.getAs<TypeAttr>("type").getValue())),
                                    llvm::ConstantDataArray::get(context, boxWords),
                                    llvm::ConstantDataArray::get(context, extentWords)});
}

// A CPU's kernel has a name and a place; the rest says how a GPU launches one.
llvm::Constant *MetadataBuilder::kernel(DictionaryAttr description, const Program &program) {
  auto text = [&](StringRef name) -> llvm::Constant * {
    auto value = description.getAs<StringAttr>(name);
    return value ? string(value.getValue()) : null();
  };
  auto number = [&](StringRef name) {
    auto value = description.getAs<IntegerAttr>(name);
    return i32(value ? value.getInt() : 0);
  };
  auto parameters = description.getAs<ArrayAttr>("parameters");
  auto symbol = description.getAs<StringAttr>("symbol");
  StringRef key = symbol ? symbol.getValue() : StringRef();
  auto emulated = program.emulatedSymbols.find(key);
  llvm::Constant *function = emulated == program.emulatedSymbols.end() ? null() : module.getFunction(emulated->second);
  SmallVector<llvm::Constant *> maps;
  if (auto list = description.getAs<ArrayAttr>("tensor_maps"))
    for (auto map : list.getAsRange<DictionaryAttr>())
      maps.push_back(tensorMap(map));
  llvm::Constant *cluster = description.contains("cluster") ? number("cluster") : i32(symbol ? 1 : 0);
  return llvm::ConstantStruct::get(
      kernelType, {text("name"), text("location"), text("symbol"), number("threads"), number("shared_bytes"), cluster,
                   number("waits"), number("stays"), number("num_arguments"), i32(program.registers.lookup(key)),
                   i32(maps.size()), list(tensorMapType, maps), text("schedule"), function,
                   i32(parameters ? parameters.size() : 0), parameters ? tensors(parameters) : null()});
}

llvm::Constant *MetadataBuilder::entry(LLVM::LLVMFuncOp function, const Program &program,
                                       const llvm::StringMap<uint32_t> &states) {
  auto description = function->getAttrOfType<DictionaryAttr>(entryAttribute);
  auto array = [&](StringRef name) { return description.getAs<ArrayAttr>(name); };
  auto number = [&](StringRef name) { return i64(description.getAs<IntegerAttr>(name).getInt()); };
  SmallVector<uint32_t> state, access;
  for (auto symbol : array("state").getAsRange<FlatSymbolRefAttr>())
    state.push_back(states.lookup(symbol.getValue()));
  for (auto value : array("access").getAsRange<IntegerAttr>())
    access.push_back(value.getInt());
  SmallVector<llvm::Constant *> kernels;
  if (auto list = function->getAttrOfType<ArrayAttr>(kernelsAttribute))
    for (auto description : list.getAsRange<DictionaryAttr>())
      kernels.push_back(kernel(description, program));
  return llvm::ConstantStruct::get(
      entryType, {string(getModelName(function.getSymName(), entryPrefix)), i32(state.size()),
                  i32(array("inputs").size()), i32(array("outputs").size()), i32(kernels.size()), list32(state),
                  list32(access), tensors(array("inputs")), tensors(array("outputs")), list(kernelType, kernels),
                  number("batch_capacity"), i32(description.contains("splittable")), number("arena_bytes"),
                  number("scratch_bytes"), module.getFunction(getEntrySymbol(program, function.getSymName()))});
}

llvm::Constant *MetadataBuilder::program(const Program &program, const CpuTarget &host, ArrayRef<llvm::Constant *> entries) {
  llvm::Constant *imports = program.imports.empty() ? null() : module.getNamedGlobal(program.imports);
  return llvm::ConstantStruct::get(
      programType, {string(program.target), i32(program.sm ? KEEL_PROGRAM_CUDA : KEEL_PROGRAM_CPU), string(host.features),
                    i32(program.sm), i32(program.specific), bytes(program.image, KEEL_ARTIFACT_ALIGNMENT),
                    i64(program.image.size()), i32(entries.size()), list(entryType, entries), i32(program.numImports), imports});
}

LogicalResult keel::addMetadata(ArrayRef<Program> programs, const CpuTarget &host, llvm::Module &code) {
  MetadataBuilder builder(code);
  SmallVector<llvm::Constant *> states, descriptions;
  llvm::StringMap<uint32_t> known;
  for (const Program &program : programs) {
    // By the name in this program. What is derived differs from target to target, and with several belongs to one each.
    llvm::StringMap<uint32_t> indices;
    for (auto global : program.module.get().getOps<ml_program::GlobalOp>()) {
      auto role = global->getAttrOfType<StringAttr>(roleAttribute);
      std::string name = getModelName(global.getSymName(), statePrefix).str();
      if (programs.size() > 1 && role && role.getValue() == "derived")
        name += "." + program.target;
      auto [entry, isNew] = known.try_emplace(name, states.size());
      if (isNew)
        states.push_back(builder.state(global, name));
      indices[global.getSymName()] = entry->second;
    }
    SmallVector<llvm::Constant *> entries;
    for (auto function : program.module.get().getOps<LLVM::LLVMFuncOp>())
      if (function->hasAttr(entryAttribute))
        entries.push_back(builder.entry(function, program, indices));
    if (entries.empty())
      return program.module.get().emitError("no entry reached the artefact; run --lower-entries first");
    descriptions.push_back(builder.program(program, host, entries));
  }

  llvm::Constant *artifact = builder.global(llvm::ConstantStruct::get(
      builder.artifactType,
      {builder.i32(KEEL_ARTIFACT_MAGIC), builder.i32(KEEL_ARTIFACT_VERSION), builder.i32(states.size()),
       builder.list(builder.stateType, states), builder.i32(descriptions.size()),
       builder.list(builder.programType, descriptions)}));
  auto *query = llvm::Function::Create(llvm::FunctionType::get(artifact->getType(), false),
                                       llvm::GlobalValue::ExternalLinkage, "keel_artifact_query", code);
  llvm::IRBuilder<> body(llvm::BasicBlock::Create(code.getContext(), "", query));
  body.CreateRet(artifact);
  return success();
}
