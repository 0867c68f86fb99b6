# Finds MLIR 22, and defines how the project's dialects and passes are built against libMLIR.so.
# MLIR's package file refuses "find_package(MLIR 22)" (it wants major.minor), so the version is checked here.
find_package(MLIR QUIET CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
if(NOT MLIR_FOUND OR NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR "MLIR 22 not found (found: '${LLVM_PACKAGE_VERSION}'). On Debian: "
    "apt-get install libmlir-22-dev mlir-22-tools llvm-22-dev llvm-22-tools clang-22 lld-22; "
    "elsewhere pass -DMLIR_DIR=<prefix>/lib/cmake/mlir. Or build only the runtime: -DKEEL_BUILD_COMPILER=OFF")
endif()
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
set(LLVM_RUNTIME_OUTPUT_INTDIR ${CMAKE_BINARY_DIR}/bin)
set(LLVM_LIBRARY_OUTPUT_INTDIR ${CMAKE_BINARY_DIR}/lib)
# Debian ships "lit", not "llvm-lit".
set(LLVM_EXTERNAL_LIT "${LLVM_TOOLS_BINARY_DIR}/lit" CACHE FILEPATH "")
include(TableGen)
include(AddLLVM)
include(AddMLIR)

# What every compiler target inherits: LLVM's include paths and flags, libMLIR.so and libLLVM.so.
add_library(keel_mlir INTERFACE)
target_include_directories(keel_mlir SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_include_directories(keel_mlir INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
target_compile_options(keel_mlir INTERFACE -fno-exceptions -fno-semantic-interposition
  -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers)
target_link_libraries(keel_mlir INTERFACE MLIR LLVM)

# A precompiled header of MLIR's large headers: 7 s a file becomes 2 s.
file(WRITE ${PROJECT_BINARY_DIR}/pch.cpp "")
add_library(keel_pch OBJECT ${PROJECT_BINARY_DIR}/pch.cpp)
target_link_libraries(keel_pch PUBLIC keel_mlir)
target_precompile_headers(keel_pch PRIVATE ${PROJECT_SOURCE_DIR}/tools/cmake/precompiled.h)
# clang: keep time stamps out of the header, so that ccache can hit.
target_compile_options(keel_pch PUBLIC $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)

# keel_add_library(<name> <dependencies>...): a static library of the folder's *.cpp.
function(keel_add_library name)
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  if(NOT sources) # a folder that is still empty
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE keel_mlir ${ARGN})
    add_dependencies(${name} keel_tablegen)
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC keel_mlir ${ARGN})
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
  target_precompile_headers(${name} REUSE_FROM keel_pch)
  add_dependencies(${name} keel_tablegen)
  set_property(GLOBAL APPEND PROPERTY KEEL_LIBRARIES ${name})
endfunction()

# keel_tablegen(<file.td> <output> <mlir-tblgen arguments>...): generates <output> in this folder's build folder.
add_custom_target(keel_tablegen)
function(keel_tablegen td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(TABLEGEN_OUTPUT)
  mlir_tablegen(${ARGN} EXTRA_INCLUDES ${PROJECT_SOURCE_DIR} ${MLIR_INCLUDE_DIRS})
  string(MAKE_C_IDENTIFIER "${CMAKE_CURRENT_SOURCE_DIR}/${ARGV1}" id)
  add_custom_target(tablegen_${id} DEPENDS ${TABLEGEN_OUTPUT})
  add_dependencies(keel_tablegen tablegen_${id})
endfunction()

# keel_add_passes(<Name> <dependencies>...): the folder's Passes.td and *.cpp as library keel_<name>.
function(keel_add_passes name)
  keel_tablegen(Passes.td Passes.h.inc -gen-pass-decls -name ${name})
  string(TOLOWER ${name} lower)
  keel_add_library(keel_${lower} ${ARGN})
endfunction()
