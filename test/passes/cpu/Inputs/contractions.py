#!/usr/bin/env python3
"""Writes a module that compares contractions (linalg.generic) with plain loops: @main returns the mismatches.

Data are small whole numbers, so that every order of summation gives the same bits. Each operand lies in a larger buffer
whose other elements must stay as they are.

    contractions.py GROUP     one of GROUPS below
"""
import sys

EXTEND = {("bf16", "f32"), ("f16", "f32"), ("f32", "f64")}


class Case:
    """Contraction `name`: indexing maps over loops (a letter each), loop extents, layout."""

    def __init__(self, maps, extents, element="f32", result=None, gap=0, dynamic="", start="load", sizes=None):
        self.maps = [m.strip() for m in maps.split(";")]  # "m,k; k,n; m,n"
        self.extents, self.element, self.result = dict(extents), element, result or element
        self.gap, self.dynamic, self.start = gap, dynamic, start
        self.sizes = sizes or {}  # of dynamic loops: the sizes to try
        self.loops = list(self.extents)

    def exprs(self, operand):
        return [e for e in self.maps[operand].split(",") if e]

    def extent(self, expr, values):
        if "floordiv" in expr:
            loop, width = expr.split(" floordiv ")
            return -(-values[loop] // int(width))
        if "mod" in expr:
            return int(expr.split(" mod ")[1])
        return sum(values[l.strip()] - 1 for l in expr.split("+")) + 1

    def type(self, operand):
        element = self.result if operand == 2 else self.element
        shape, strides, stride = [], [], 1
        for position, expr in reversed(list(enumerate(self.exprs(operand)))):
            dynamic = any(l in self.dynamic for l in expr.replace("floordiv", "").replace("mod", ""))
            shape.insert(0, "?" if dynamic else self.extent(expr, self.extents))
            strides.insert(0, stride)
            stride = "?" if dynamic or stride == "?" else stride * (self.extent(expr, self.extents) + self.gap)
        shape = "".join(f"{s}x" for s in shape)
        return f"memref<{shape}{element}, strided<[{', '.join(map(str, strides))}]>>"

    def maps_text(self, operand):
        return f"affine_map<({','.join(self.loops)}) -> ({self.maps[operand]})>"


def functions(index, case):
    a, b, c = (case.type(i) for i in range(3))
    e, r = case.element, case.result
    iterators = ", ".join('"parallel"' if l in case.exprs(2) else '"reduction"' for l in case.loops)
    extend = "\n".join(f"    %{x}e = arith.extf %{x} : {e} to {r}" for x in "xy") if e != r else ""
    x, y = ("%xe", "%ye") if e != r else ("%x", "%y")
    zero = f"    %zero = arith.constant 1.0 : {r}\n    linalg.fill ins(%zero : {r}) outs(%c : {c})" if case.start == "fill" else ""
    if case.start == "bias":
        n = case.exprs(2)[-1]
        dims = ",".join(case.exprs(2))
        loops = ", ".join('"parallel"' for _ in case.exprs(2))
        zero = f"""    linalg.generic {{indexing_maps = [affine_map<({dims}) -> ({n})>, affine_map<({dims}) -> ({dims})>],
        iterator_types = [{loops}]}} ins(%bias : memref<?x{r}>) outs(%c : {c}) {{
    ^bb0(%x : {r}, %y : {r}):
      linalg.yield %x : {r}
    }}"""
    generic = f"""{zero}
    linalg.generic {{indexing_maps = [{', '.join(case.maps_text(i) for i in range(3))}], iterator_types = [{iterators}]}}
        ins(%a, %b : {a}, {b}) outs(%c : {c}) {{
    ^bb0(%x: {e}, %y: {e}, %z: {r}):
{extend}
      %p = arith.mulf {x}, {y} : {r}
      %s = arith.addf %z, %p : {r}
      linalg.yield %s : {r}
    }}"""
    print(f"  func.func private @contract{index}(%a: {a}, %b: {b}, %c: {c}, %bias: memref<?x{r}>) {{\n{generic}\n    return\n  }}")
    # The reference: loops over everything.
    print(f"  func.func private @plain{index}(%a: {a}, %b: {b}, %c: {c}, %bias: memref<?x{r}>,"
          f" {', '.join(f'%n{l}: index' for l in case.loops)}) {{")
    print("    %zero = arith.constant 0 : index\n    %one = arith.constant 1 : index")
    results = case.exprs(2)
    if case.start != "load":
        for l in results:
            print(f"    scf.for %i_{l} = %zero to %n{l} step %one {{")
        if case.start == "fill":
            print(f"    %start = arith.constant 1.0 : {r}")
        else:
            print(f"    %start = memref.load %bias[%i_{results[-1]}] : memref<?x{r}>")
        print(f"    memref.store %start, %c[{', '.join('%i_' + l for l in results)}] : {c}\n" + "    }\n" * len(results))
    for l in case.loops:
        print(f"    scf.for %i_{l} = %zero to %n{l} step %one {{")
    arguments = ",".join("%i_" + l for l in case.loops)
    values = []
    for operand, (name, type) in enumerate((("a", a), ("b", b), ("c", c))):
        indices = []
        for position, expr in enumerate(case.exprs(operand)):
            indices.append(f"%{name}{position}")
            print(f"    %{name}{position} = affine.apply affine_map<({','.join(case.loops)}) -> ({expr})>({arguments})")
        print(f"    %{name}v = memref.load %{name}[{', '.join(indices)}] : {type}")
        value = f"%{name}v"
        if operand < 2 and e != r:
            print(f"    %{name}w = arith.extf {value} : {e} to {r}")
            value = f"%{name}w"
        values.append(value)
    print(f"    %p = arith.mulf {values[0]}, {values[1]} : {r}\n    %s = arith.addf {values[2]}, %p : {r}")
    print(f"    memref.store %s, %c[{', '.join(f'%c{i}' for i in range(len(results)))}] : {c}")
    print("    }\n" * len(case.loops) + "    return\n  }")


def compare(index, case):
    """@compare: allocates, fills, runs both, counts mismatches over whole buffers; loop extents are arguments."""
    print(f"  func.func private @compare{index}({', '.join(f'%n{l}: index' for l in case.loops)}) -> i64 {{")
    print("    %c0 = arith.constant 0 : index\n    %c1 = arith.constant 1 : index\n    %zero = arith.constant 0 : i64\n"
          f"    %gap = arith.constant {case.gap} : index\n    %slack = arith.constant 64 : index")
    names = []
    arguments = ",".join("%n" + l for l in case.loops)
    for operand, copy in ((0, ""), (1, ""), (2, ""), (2, "r")):
        t = case.type(operand)
        element = case.result if operand == 2 else case.element
        name = "abc"[operand] + copy
        sizes, strides, stride = [], [], "%c1"
        for position, expr in reversed(list(enumerate(case.exprs(operand)))):
            terms = [f"{l.strip()} - 1" for l in expr.split("+")]
            if "floordiv" in expr:
                loop, width = expr.split(" floordiv ")
                text = f"{loop} ceildiv {width}"
            elif "mod" in expr:
                text = expr.split(" mod ")[1]
            else:
                text = " + ".join(terms) + " + 1"
            size = f"%{name}size{position}"
            print(f"    {size} = affine.apply affine_map<({','.join(case.loops)}) -> ({text})>({arguments})")
            sizes.insert(0, size)
            strides.insert(0, stride)
            print(f"    %{name}wide{position} = arith.addi {size}, %gap : index")
            print(f"    %{name}stride{position} = arith.muli {stride}, %{name}wide{position} : index")
            stride = f"%{name}stride{position}"
        print(f"    %{name}total = arith.addi {stride}, %slack : index")
        print(f"    %{name}flat = memref.alloc(%{name}total) : memref<?x{element}>")
        print(f"    %{name}seed = arith.constant {operand + 3} : index")
        print(f"    func.call @fill_{element}(%{name}flat, %{name}seed) : (memref<?x{element}>, index) -> ()")
        dyn = "memref<" + "?x" * len(sizes) + f"{element}, strided<[{', '.join('?' * len(sizes))}]>>"
        print(f"    %{name}dyn = memref.reinterpret_cast %{name}flat to offset: [0], sizes: [{', '.join(sizes)}],"
              f" strides: [{', '.join(strides)}] : memref<?x{element}> to {dyn}")
        print(f"    %{name} = memref.cast %{name}dyn : {dyn} to {t}")
        names.append((name, t))
    a, b, c = (case.type(i) for i in range(3))
    r = case.result
    bias = f"memref<?x{r}>"
    print(f"    func.call @contract{index}(%a, %b, %c, %crflat) : ({a}, {b}, {c}, {bias}) -> ()" if case.start != "bias" else
          f"    %biasflat = memref.alloc(%ctotal) : {bias}\n    func.call @fill_{r}(%biasflat, %c1) : ({bias}, index) -> ()\n"
          f"    func.call @contract{index}(%a, %b, %c, %biasflat) : ({a}, {b}, {c}, {bias}) -> ()")
    source = "%biasflat" if case.start == "bias" else "%crflat"
    print(f"    func.call @plain{index}(%a, %b, %cr, {source}, {', '.join('%n' + l for l in case.loops)}) :"
          f" ({a}, {b}, {c}, {bias}{', index' * len(case.loops)}) -> ()")
    print(f"""    %count = scf.for %i = %c0 to %ctotal step %c1 iter_args(%sum = %zero) -> i64 {{
      %u = memref.load %cflat[%i] : {bias}
      %v = memref.load %crflat[%i] : {bias}
      %differ = arith.cmpf une, %u, %v : {r}
      %one = arith.extui %differ : i1 to i64
      %next = arith.addi %sum, %one : i64
      scf.yield %next : i64
    }}""")
    for name in ("aflat", "bflat"):
        print(f"    memref.dealloc %{name} : memref<?x{case.element}>")
    for name in ("cflat", "crflat") + (("biasflat",) if case.start == "bias" else ()):
        print(f"    memref.dealloc %{name} : {bias}")
    print("    return %count : i64\n  }")


FILL = """  func.func private @fill_{t}(%m: memref<?x{t}>, %seed: index) {{
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3.0 : {t}
    %n = memref.dim %m, %c0 : memref<?x{t}>
    %step = arith.constant 7919 : index
    %modulus = arith.constant 7 : index
    scf.for %i = %c0 to %n step %c1 {{
      %j = arith.muli %i, %seed : index
      %k = arith.addi %j, %step : index
      %sq = arith.muli %k, %k : index
      %h = arith.shrui %sq, %seed : index
      %l = arith.remui %h, %modulus : index
      %w = arith.index_cast %l : index to i32
      %f = arith.sitofp %w : i32 to {t}
      %g = arith.subf %f, %c3 : {t}
      memref.store %g, %m[%i] : memref<?x{t}>
    }}
    return
  }}"""


def main(cases):
    print("module {")
    for t in ("f32", "f64", "bf16", "f16"):
        print(FILL.format(t=t))
    for index, case in enumerate(cases):
        functions(index, case)
        compare(index, case)
    print("  func.func @main() -> i64 {\n    %total0 = arith.constant 0 : i64\n    %none = arith.constant 0 : i64")
    total = 0
    for index, case in enumerate(cases):
        trials = [{}]
        for loop, sizes in case.sizes.items():
            trials = [dict(t, **{loop: s}) for t in trials for s in sizes]
        for trial in trials:
            values = dict(case.extents, **trial)
            for l in case.loops:
                print(f"    %n{total}{l} = arith.constant {values[l]} : index")
            print(f"    %r{total} = func.call @compare{index}({', '.join(f'%n{total}{l}' for l in case.loops)}) :"
                  f" ({', '.join(['index'] * len(case.loops))}) -> i64")
            print(f"    %bad{total} = arith.cmpi ne, %r{total}, %none : i64\n    scf.if %bad{total} {{\n"
                  f'      vector.print str "{case.maps} {values} {case.element} {case.start} mismatches:\\n"\n'
                  f"      vector.print %r{total} : i64\n    }}")
            print(f"    %total{total + 1} = arith.addi %total{total}, %r{total} : i64")
            total += 1
    print(f"    return %total{total} : i64\n  }}\n}}")


NN, NT, TN = "m,k; k,n; m,n", "m,k; n,k; m,n", "k,m; k,n; m,n"
PACKED = "m,k; n floordiv 32,k,n mod 32; m,n"


def mnk(m, n, k):
    return {"m": m, "n": n, "k": k}


ODD = [1, 2, 3, 7, 15, 16, 17, 31, 33]
GROUPS = {
    # Every size from 1 to 20 and around the vector widths, by one function with dynamic extents.
    "dynamic": [Case(maps, mnk(0, 0, 0), dynamic="mnk", sizes={"m": [1, 2, 5, 13, 14, 29], "n": ODD + [64, 100], "k": [1, 2, 17, 70]})
                for maps in (NN, TN)] +
               [Case(NT, mnk(0, 0, 0), dynamic="mnk", sizes={"m": [1, 3, 20], "n": ODD, "k": [1, 15, 16, 17, 300]})] +
               [Case(NN, mnk(0, 40, 9), dynamic="m", gap=3, start="bias", sizes={"m": list(range(1, 21)) + [129, 200, 300]}),
                Case(PACKED, mnk(0, 40, 9), dynamic="m", start="fill", sizes={"m": list(range(1, 21))})],
    "static": [Case(maps, mnk(m, n, k), gap=gap, start=start)
               for maps, m, n, k, gap, start in (
                   (NN, 1, 1, 1, 0, "load"), (NN, 1, 1, 20, 1, "fill"), (NN, 5, 1, 17, 0, "fill"), (NN, 5, 1, 17, 2, "load"),
                   (NN, 1, 10, 64, 0, "bias"), (NN, 17, 10, 1, 0, "fill"), (NN, 20, 65, 15, 1, "bias"), (NN, 3, 128, 33, 0, "load"),
                   (NT, 4, 1, 9, 0, "load"), (NT, 1, 7, 31, 0, "fill"), (NT, 9, 33, 40, 3, "fill"), (NT, 6, 16, 513, 0, "load"),
                   (TN, 1, 5, 7, 0, "load"), (TN, 10, 17, 19, 0, "fill"), (TN, 20, 1, 18, 0, "load"), (TN, 300, 70, 300, 0, "fill"),
                   (TN, 64, 64, 65, 200, "load"), (NN, 40, 48, 600, 500, "fill"),
                   (PACKED, 7, 31, 5, 0, "load"), (PACKED, 13, 33, 6, 0, "fill"), (PACKED, 2, 100, 8, 0, "bias"), (PACKED, 200, 64, 1100, 0, "fill"),
                   ("m,k; n floordiv 16,k,n mod 16; m,n", 9, 10, 12, 0, "bias"), ("m,k; n floordiv 64,k,n mod 64; m,n", 15, 130, 3, 0, "load"))],
    "forms": [Case("b,m,k; b,k,n; b,m,n", {"b": 3, "m": 5, "n": 20, "k": 7}),
              Case("b,m,k; b,n,k; b,m,n", {"b": 2, "m": 5, "n": 20, "k": 19}, start="fill"),
              Case("b,h,m,k; b,h,n,k; b,m,h,n", {"b": 2, "h": 3, "m": 9, "n": 17, "k": 16}),
              Case("s,m,k; k,n; s,m,n", {"s": 3, "m": 4, "n": 18, "k": 5}, gap=1),
              Case("m,k; k; m", {"m": 19, "k": 37}), Case("k,m; k; m", {"m": 19, "k": 37}),
              Case("k; k,n; n", {"n": 70, "k": 9}), Case("k; n,k; n", {"n": 6, "k": 40}, start="fill"),
              Case("k; k; ", {"k": 100}), Case("m,k; k,n; n,m", mnk(18, 20, 6)), Case("m,k; n,k; n,m", mnk(35, 20, 18)),
              Case("k,m; n,k; m,n", mnk(18, 20, 6)), Case("m,k,l; k,l,n; m,n", {"m": 6, "n": 20, "k": 4, "l": 5}),
              Case("b,y + i,x + j,c; i,j,c,f; b,y,x,f", {"b": 2, "y": 5, "x": 6, "f": 20, "i": 3, "j": 2, "c": 4}),
              Case("m; n; m,n", {"m": 5, "n": 19}), Case("m,k; k,n; m,n", mnk(0, 10, 9), dynamic="m", sizes={"m": [0, 1, 9]})],
    "types": [Case(maps, mnk(9, 19, 35), element=element, result=result, start=start)
              for maps in (NN, NT, PACKED) for element, result in (("f64", "f64"), ("bf16", "f32"), ("f16", "f32"), ("f32", "f64"))
              for start in ("fill", "load")] +
             [Case("m,k; k; m", {"m": 9, "k": 35}, element="bf16", result="f32"), Case("m,k; k; m", {"m": 9, "k": 35}, element="f64"),
              Case(NN, mnk(9, 19, 5), element="bf16"), Case(NN, mnk(9, 19, 5), element="f16", start="fill"),
              Case(TN, mnk(20, 70, 300), element="f64", gap=100)],
}

if __name__ == "__main__":
    main(GROUPS[sys.argv[1]])
