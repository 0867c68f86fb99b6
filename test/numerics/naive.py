"""Compiles MLIR through upstream's naive lowering and calls it: the executable semantics that numerics tests compare.

No dependency but LLVM's tools on the PATH: buffers are ctypes arrays, values Python floats (f16 and bf16 included).
"""
import ctypes
import itertools
import math
import os
import shutil
import struct
import subprocess
import tempfile

LOWERING = [
    "--cse", "--convert-elementwise-to-linalg", "--linalg-generalize-named-ops",
    "--one-shot-bufferize=bufferize-function-boundaries allow-return-allocs-from-loops "
    "function-boundary-type-conversion=identity-layout-map",
    "--scf-forall-to-for", "--convert-linalg-to-loops", "--lower-affine", "--expand-strided-metadata", "--lower-affine",
    "--arith-expand=include-bf16=true", "--convert-scf-to-cf", "--convert-math-to-llvm", "--convert-math-to-libm",
    "--finalize-memref-to-llvm", "--convert-func-to-llvm", "--convert-index-to-llvm", "--convert-arith-to-llvm",
    "--convert-cf-to-llvm", "--reconcile-unrealized-casts"]


def f32(x):
    return struct.unpack("f", struct.pack("f", x))[0] if math.isfinite(x) else x


def f16(x):
    return struct.unpack("e", struct.pack("e", x))[0] if math.isfinite(x) else x


def bf16_bits(x):
    bits = struct.unpack("I", struct.pack("f", x))[0]
    return (bits >> 16) | 64 if math.isnan(x) else ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16) & 0xFFFF


def bf16_value(bits):
    return struct.unpack("f", struct.pack("I", bits << 16))[0]


# element type: (ctypes type, value -> stored, stored -> value)
TYPES = {
    "f64": (ctypes.c_double, float, float),
    "f32": (ctypes.c_float, float, float),
    "f16": (ctypes.c_uint16, lambda x: struct.unpack("H", struct.pack("e", x))[0],
            lambda b: struct.unpack("e", struct.pack("H", b))[0]),
    "bf16": (ctypes.c_uint16, bf16_bits, bf16_value),
    "i32": (ctypes.c_int32, int, int),
    "i64": (ctypes.c_int64, int, int),
}
ROUND = {"f64": float, "f32": f32, "f16": f16, "bf16": lambda x: bf16_value(bf16_bits(x))}


class Tensor:
    """A shape, an element type and flat row-major values, rounded to that type."""

    def __init__(self, shape, element, values):
        self.shape, self.element = tuple(shape), element
        self.values = [ROUND[element](v) for v in values] if element in ROUND else list(values)
        assert len(self.values) == math.prod(self.shape)

    def indices(self):
        return itertools.product(*map(range, self.shape))

    def type(self, dynamic=()):
        dims = ["?" if i in dynamic else str(n) for i, n in enumerate(self.shape)]
        return f"tensor<{'x'.join(dims + [self.element])}>"


def _descriptor(rank):
    fields = [("allocated", ctypes.c_void_p), ("aligned", ctypes.c_void_p), ("offset", ctypes.c_int64)]
    if rank:
        fields += [("sizes", ctypes.c_int64 * rank), ("strides", ctypes.c_int64 * rank)]
    return type(f"Memref{rank}", (ctypes.Structure,), {"_fields_": fields})


class Module:
    """A compiled module. `passes` run before the naive lowering."""

    def __init__(self, text, passes=("--decompose-norm=keep-moments=false",)):
        self.directory = tempfile.TemporaryDirectory()
        path = os.path.join(self.directory.name, "module")
        with open(path + ".mlir", "w") as file:
            file.write(text)
        with open(path + ".ll", "w") as file:
            lowered = subprocess.run(["keel-opt", path + ".mlir", *passes, *LOWERING], check=True,
                                     stdout=subprocess.PIPE).stdout
            subprocess.run(["mlir-translate", "--mlir-to-llvmir"], input=lowered, stdout=file, check=True)
        # memrefCopy is upstream's runtime.
        library = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(shutil.which("mlir-opt")))), "lib")
        subprocess.run(["clang", "-O1", "-shared", "-fPIC", "-Wl,-Bsymbolic", "-Wno-override-module", path + ".ll", "-o", path + ".so",
                        f"-L{library}", f"-Wl,-rpath,{library}", "-lmlir_c_runner_utils", "-lm"], check=True)
        self.library = ctypes.CDLL(path + ".so")

    def call(self, name, inputs, results):
        """Calls `name` (it has llvm.emit_c_interface) and returns Tensors; `results` lists (rank, element type)."""
        holders, pointers = [], []
        for tensor in inputs:
            kind, store, _ = TYPES[tensor.element]
            data = (kind * max(1, len(tensor.values)))(*map(store, tensor.values))
            memref = _descriptor(len(tensor.shape))()
            memref.allocated = memref.aligned = ctypes.cast(data, ctypes.c_void_p).value
            stride = 1
            for i in reversed(range(len(tensor.shape))):
                memref.sizes[i], memref.strides[i] = tensor.shape[i], stride
                stride *= tensor.shape[i]
            holders += [data, memref]
            pointers.append(ctypes.byref(memref))
        fields = [(f"r{i}", _descriptor(rank)) for i, (rank, _) in enumerate(results)]
        returned = type("Results", (ctypes.Structure,), {"_fields_": fields})()
        getattr(self.library, "_mlir_ciface_" + name)(ctypes.byref(returned), *pointers)
        outputs = []
        for i, (rank, element) in enumerate(results):
            memref, (kind, _, load) = getattr(returned, f"r{i}"), TYPES[element]
            shape = tuple(memref.sizes) if rank else ()
            # Row-major results: what bufferization with identity layouts returns.
            data = ctypes.cast(memref.aligned, ctypes.POINTER(kind))
            outputs.append(Tensor(shape, element, [load(data[memref.offset + j]) for j in range(math.prod(shape))]))
        return outputs


def function(name, arguments, results, body):
    """MLIR text of a function callable by Module.call. `arguments` and `results` are pairs (name, type)."""
    types = ", ".join(type for _, type in results)
    return (f"func.func @{name}({', '.join(f'%{n}: {t}' for n, t in arguments)}) -> ({types}) "
            f"attributes {{llvm.emit_c_interface}} {{\n{body}\n"
            f"  return {', '.join('%' + n for n, _ in results)} : {types}\n}}\n")
