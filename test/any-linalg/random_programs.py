"""Writes programs of random structured ops and runs each by execute.py: random_programs.py [--seed N] [--cases N] [FLAG]...

A program is a chain of ops on tensors of several types and shapes, with a dynamic batch or without: elementwise bodies with
broadcasts and permutations, sums, products and extremes over some of the loops, contractions, slices, pads, reshapes,
concatenations, softmax, norms, branches and loops. A failure prints the seed of the program and keeps it in FILE.
"""
import argparse
import math
import os
import random
import subprocess
import sys
import tempfile

EXECUTE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "execute.py")
WIDTH = {"f64": 64, "f32": 32, "bf16": 16, "f16": 16}
BATCH = "?"
# What rounding in another order may cost, by the narrowest type in the program; bodies magnify it.
TOLERANCE = [("bf16", 4e-2), ("f16", 5e-3), ("f32", 1e-4), ("f64", 1e-10)]


def tensor(shape, element):
    return "tensor<" + "".join(f"{n}x" for n in shape) + element + ">"


def extent(shape):
    return math.prod(33 if n == BATCH else n for n in shape)


class Program:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines, self.arguments, self.values, self.count = [], [], [], 0
        self.dynamic = self.random.random() < .5
        self.argument([BATCH] * self.dynamic + [self.extent() for _ in range(self.random.choice([0, 1, 1, 2]))], "f32")
        if self.dynamic:
            name, shape, element = self.values[0]
            self.lines += ["%c0 = arith.constant 0 : index", f"%batch = tensor.dim {name}, %c0 : {tensor(shape, element)}"]
        for _ in range(self.random.randrange(3)):
            self.argument([self.extent() for _ in range(self.random.randrange(4))], self.element())
        steps = [self.elementwise] * 4 + [self.reduction] * 3 + [self.contraction] * 3 + [
            self.slice, self.pad, self.collapse, self.expand, self.concat, self.transpose, self.softmax, self.norm, self.branch,
            self.loop]
        made = len(self.values)
        for _ in range(self.random.randint(1, 7)):
            self.random.choice(steps)()
        results = self.values[made:][-1:] + self.random.sample(self.values[made:-1], min(2, max(0, len(self.values) - made - 1)))
        results = results or self.values[:1]
        types = ", ".join(tensor(s, e) for _, s, e in results)
        self.text = (f"func.func @main({', '.join(f'{n}: {tensor(s, e)}' for n, s, e in self.arguments)}) -> ({types}) {{\n  "
                     + "\n  ".join(self.lines) + f"\n  return {', '.join(n for n, _, _ in results)} : {types}\n}}\n")
        self.tolerance = next(t for e, t in TOLERANCE if f"{e}>" in self.text)

    # Names, values and small pieces of text.

    def name(self):
        self.count += 1
        return f"%{self.count}"

    def emit(self, op, shape=None, element=None):
        name = self.name()
        self.lines.append(f"{name} = {op}")
        if shape is not None:
            self.values.append((name, list(shape), element))
        return name

    def element(self):
        return self.random.choice(["f32", "f32", "f32", "f64", "bf16", "f16"])

    def extent(self):
        return self.random.choice([1, 2, 3, 5, 8, 9, 16, 17, 33])

    def argument(self, shape, element):
        self.arguments.append((f"%a{len(self.arguments)}", list(shape), element))
        self.values.append(self.arguments[-1])
        return self.values[-1]

    def pick(self, holds=lambda shape: True):
        return self.random.choice([v for v in self.values if holds(v[1])] or [None])

    def empty(self, shape, element):
        return self.emit(f"tensor.empty({'%batch' if BATCH in shape else ''}) : {tensor(shape, element)}")

    def filled(self, shape, element, value):
        number, start = self.emit(f"arith.constant {value:e} : {element}"), self.empty(shape, element)
        return self.emit(f"linalg.fill ins({number} : {element}) outs({start} : {tensor(shape, element)}) -> {tensor(shape, element)}")

    def cast(self, body, value, source, element):
        if source == element:
            return value
        if WIDTH[source] == WIDTH[element]:
            return self.cast(body, self.cast(body, value, source, "f32"), "f32", element)
        return self.op(body, f"arith.{'extf' if WIDTH[source] < WIDTH[element] else 'truncf'} {value} : {source} to {element}")

    def op(self, body, text):
        body.append((self.name(), text))
        return body[-1][0]

    def scalar(self, body, values, element):
        """A number of order one made of the values."""
        result = values[0]
        for other in values[1:]:
            result = self.op(body, f"arith.{self.random.choice(['addf', 'subf', 'mulf', 'maximumf', 'minnumf'])} {result}, {other} : {element}")
        for _ in range(self.random.randrange(3)):
            function = self.random.choice(["math.tanh", "math.erf", "arith.negf", "math.absf", "math.atan", "exp", "sqrt"])
            if function in ("exp", "sqrt"):
                result = self.op(body, f"math.absf {result} : {element}")
                result = self.op(body, f"arith.negf {result} : {element}") if function == "exp" else result
                function = "math." + function
            result = self.op(body, f"{function} {result} : {element}")
        return result

    def generic(self, inputs, maps, loops, kept, element, start, combine=None, product=False):
        """`maps` and `kept` name loops by number; `combine` adds to what was there before."""
        body, arguments, old = [], [self.name() for _ in inputs], self.name()
        values = [self.cast(body, a, e, element) for a, (_, _, e) in zip(arguments, inputs)]
        value = self.op(body, f"arith.mulf {values[0]}, {values[1]} : {element}") if product else self.scalar(body, values, element)
        if combine:
            value = self.op(body, f"arith.{combine} {old}, {value} : {element}")
        dims = ", ".join(f"d{i}" for i in range(len(loops)))
        maps = ", ".join(f"affine_map<({dims}) -> ({', '.join(f'd{i}' for i in m)})>" for m in [*maps, kept])
        kinds = ", ".join('"parallel"' if i in kept else '"reduction"' for i in range(len(loops)))
        shape = [loops[i] for i in kept]
        text = [f"linalg.generic {{indexing_maps = [{maps}], iterator_types = [{kinds}]}} "
                f"ins({', '.join(n for n, _, _ in inputs)} : {', '.join(tensor(s, e) for _, s, e in inputs)}) "
                f"outs({start} : {tensor(shape, element)}) {{",
                f"^bb0({', '.join(f'{a}: {e}' for a, (_, _, e) in zip(arguments, inputs))}, {old}: {element}):",
                *(f"  {n} = {t}" for n, t in body), f"  linalg.yield {value} : {element}", f"}} -> {tensor(shape, element)}"]
        self.emit("\n  ".join(text), shape, element)

    def fitting(self, loops):
        """Another value, and the loops that its dimensions run over."""
        other, taken = self.pick(), []
        for n in other[1]:
            free = [i for i, m in enumerate(loops) if m == n and i not in taken]
            if not free:
                return None
            taken.append(self.random.choice(free))
        return other, taken

    def ordered(self, dims, loops):
        """The dimensions in some order, the batch first."""
        return sorted(self.random.sample(dims, len(dims)), key=lambda i: loops[i] != BATCH)

    # The ops.

    def elementwise(self):
        value = self.pick()
        loops = value[1] + [2] * (self.random.random() < .2)
        others = [o for o in (self.fitting(loops) for _ in range(self.random.randrange(3))) if o]
        kept = list(range(len(loops)))
        kept = self.ordered(kept, loops) if self.random.random() < .3 or BATCH in loops else kept
        element = self.element()
        start = self.empty([loops[i] for i in kept], element)
        self.generic([value, *(o for o, _ in others)], [range(len(value[1])), *(m for _, m in others)], loops, kept, element, start)

    def reduction(self):
        value = self.pick(len)
        if not value:
            return
        loops = value[1]
        kept = self.ordered([i for i in range(len(loops)) if self.random.random() < .5][:len(loops) - 1], loops)
        element = self.random.choice(["f32", "f64"])
        combine, first = self.random.choice([("addf", 0), ("maximumf", -100), ("minimumf", 100)])
        start = self.filled([loops[i] for i in kept], element, first)
        others = [o for o in [self.fitting(loops)] if o and self.random.random() < .5]
        self.generic([value, *(o for o, _ in others)], [range(len(loops)), *(m for _, m in others)], loops, kept, element, start, combine)

    def contraction(self):
        value = self.pick(lambda s: any(n != BATCH for n in s) and extent(s) < 6000)
        if not value:
            return
        depth = self.random.choice([i for i, n in enumerate(value[1]) if n != BATCH])
        loops = value[1] + [self.random.choice([1, 3, 10, 16, 40])]
        places = self.ordered([depth, len(loops) - 1], loops)
        other = self.argument([loops[i] for i in places], value[2])
        element = "f64" if value[2] == "f64" else "f32"
        kept = self.ordered([i for i in range(len(loops)) if i != depth], loops)
        start = self.filled([loops[i] for i in kept], element, 0)
        self.generic([value, other], [range(len(value[1])), places], loops, kept, element, start, "addf", product=True)

    def slice(self):
        name, shape, element = self.pick()
        offsets = [0 if n == BATCH else self.random.randrange(n) for n in shape]
        sizes = ["%batch" if n == BATCH else self.random.randint(1, n - o) for n, o in zip(shape, offsets)]
        part = [BATCH if n == BATCH else s for n, s in zip(shape, sizes)]
        place = f"[{', '.join(map(str, offsets))}] [{', '.join(map(str, sizes))}] [{', '.join('1' for _ in shape)}]"
        self.emit(f"tensor.extract_slice {name}{place} : {tensor(shape, element)} to {tensor(part, element)}", part, element)
        source = self.random.choice([v for v in self.values if v[1] == part and v[2] == element])
        self.emit(f"tensor.insert_slice {source[0]} into {name}{place} : {tensor(part, element)} into {tensor(shape, element)}", shape, element)

    def pad(self):
        name, shape, element = self.pick(lambda s: extent(s) < 3000)
        low, high = ([0 if n == BATCH else self.random.randrange(3) for n in shape] for _ in range(2))
        padded = [n if n == BATCH else n + a + b for n, a, b in zip(shape, low, high)]
        number = self.emit(f"arith.constant 5.0e-01 : {element}")
        indices = ", ".join(f"{self.name()}: index" for _ in shape)
        self.emit(f"tensor.pad {name} low{low} high{high} {{\n  ^bb0({indices}):\n    tensor.yield {number} : {element}\n"
                  f"  }} : {tensor(shape, element)} to {tensor(padded, element)}", padded, element)

    def collapse(self):
        value = self.pick(lambda s: len(s) > 1 and BATCH not in s[-2:])
        if value:
            name, shape, element = value
            joined = shape[:-2] + [shape[-2] * shape[-1]]
            groups = [[i] for i in range(len(shape) - 2)] + [[len(shape) - 2, len(shape) - 1]]
            self.emit(f"tensor.collapse_shape {name} {groups} : {tensor(shape, element)} into {tensor(joined, element)}", joined, element)

    def expand(self):
        value = self.pick(lambda s: s and s[-1] != BATCH)
        if value:
            name, shape, element = value
            factor = self.random.choice([n for n in range(1, shape[-1] + 1) if shape[-1] % n == 0])
            split = shape[:-1] + [factor, shape[-1] // factor]
            groups = [[i] for i in range(len(shape) - 1)] + [[len(shape) - 1, len(shape)]]
            sizes = ", ".join("%batch" if n == BATCH else str(n) for n in split)
            self.emit(f"tensor.expand_shape {name} {groups} output_shape [{sizes}] : {tensor(shape, element)} into {tensor(split, element)}", split, element)

    def concat(self):
        value = self.pick(lambda s: s and s[-1] != BATCH)
        if value:
            name, shape, element = value
            joined, kind = shape[:-1] + [2 * shape[-1]], tensor(shape, element)
            self.emit(f"tensor.concat dim({len(shape) - 1}) {name}, {name} : ({kind}, {kind}) -> {tensor(joined, element)}", joined, element)

    def transpose(self):
        value = self.pick(lambda s: len(s) > 1 and BATCH not in s)
        if value:
            name, shape, element = value
            order = self.random.sample(range(len(shape)), len(shape))
            turned = [shape[i] for i in order]
            start = self.empty(turned, element)
            self.emit(f"linalg.transpose ins({name} : {tensor(shape, element)}) outs({start} : {tensor(turned, element)}) permutation = {order}", turned, element)

    def softmax(self):
        value = self.pick(len)
        if value:
            name, shape, element = value
            kind, start = tensor(shape, element), self.empty(shape, element)
            self.emit(f"linalg.softmax dimension({self.random.randrange(len(shape))}) ins({name} : {kind}) outs({start} : {kind}) -> {kind}", shape, element)

    def norm(self):
        value = self.pick(lambda s: s and s[-1] != BATCH and s[-1] > 1)
        if value:
            name, shape, element = value
            axes = [i for i in range(len(shape) - 1) if shape[i] != BATCH and self.random.random() < .4] + [len(shape) - 1]
            extents = tensor([shape[i] for i in axes], element)
            scale = self.argument([shape[i] for i in axes], element)[0]
            self.emit(f"norm.{self.random.choice(['layer_norm', 'rms_norm'])} {name} scale({scale} : {extents}) axes = {axes} "
                      f"epsilon = 1.0e-01 : {tensor(shape, element)}", shape, element)

    def tanh(self, value, shape, element):
        kind, start = tensor(shape, element), self.empty(shape, element)
        return self.emit(f"linalg.tanh ins({value} : {kind}) outs({start} : {kind}) -> {kind}")

    def branch(self):
        name, shape, element = self.pick()
        condition = self.argument([], "i1")[0]
        self.values.pop()
        kind, flag = tensor(shape, element), self.emit(f"tensor.extract {condition}[] : tensor<i1>")
        other = self.tanh(name, shape, element)
        self.emit(f"scf.if {flag} -> ({kind}) {{\n    scf.yield {other} : {kind}\n  }} else {{\n    scf.yield {name} : {kind}\n  }}", shape, element)

    def loop(self):
        name, shape, element = self.pick()
        low, high, step = (self.emit(f"arith.constant {n} : index") for n in (0, self.random.randrange(4), 1))
        kind, carried = tensor(shape, element), self.name()
        result = self.name()
        self.lines.append(f"{result} = scf.for {self.name()} = {low} to {high} step {step} iter_args({carried} = {name}) -> ({kind}) {{")
        self.lines.append(f"  scf.yield {self.tanh(carried, shape, element)} : {kind}")
        self.lines.append("}")
        self.values.append((result, shape, element))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=20)
    options, flags = parser.parse_known_args()
    failed = 0
    for seed in range(options.seed * 1000, options.seed * 1000 + options.cases):
        program = Program(seed)
        with tempfile.NamedTemporaryFile("w", suffix=f"-{seed}.mlir", delete=False) as file:
            file.write(program.text)
        run = subprocess.run([sys.executable, EXECUTE, file.name, "--prepare=--import-graph",
                              *["--prepare=--normalize-graph"] * ("softmax" in program.text), "--sizes=7,33", "--tolerance", str(program.tolerance), "--seed", str(seed), *flags],
                             capture_output=True, text=True)
        if run.returncode:
            failed += 1
            print(f"program {seed}, {file.name}:\n{run.stdout}{run.stderr}")
        else:
            os.remove(file.name)
    print(f"{options.cases} programs, {failed} failures")
    sys.exit(bool(failed))


main()
