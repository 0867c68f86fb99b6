"""What the numerics tests of the norm dialect share: functions to compile, their expected results, the verdict."""
import itertools
import math
import random
import sys

from naive import Module, Tensor, function

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 20261
rng = random.Random(SEED)
TOLERANCE = {"f64": 1e-13, "f32": 2e-6, "f16": 4e-3, "bf16": 3e-2}
STATISTICS = {"f64": "f64", "f32": "f32", "f16": "f32", "bf16": "f32"}


def normal(shape, element, mean=0.0, deviation=1.0):
    return Tensor(shape, element, [rng.gauss(mean, deviation) for _ in range(math.prod(shape))])


class Groups:
    """Which elements share a statistic, and which parameter each uses."""

    def __init__(self, shape, statistic, parameter, parameter_shape):
        indices = list(itertools.product(*map(range, shape)))
        self.statistic = [statistic(i) for i in indices]
        self.members = {}
        for position, key in enumerate(self.statistic):
            self.members.setdefault(key, []).append(position)
        flat = lambda index: sum(v * math.prod(parameter_shape[d + 1:]) for d, v in enumerate(index))
        self.parameter = [flat(parameter(i)) for i in indices]
        self.parameter_shape = parameter_shape


def layer_groups(shape, axes):
    return Groups(shape, lambda i: tuple(v for d, v in enumerate(i) if d not in axes),
                  lambda i: tuple(i[d] for d in axes), tuple(shape[d] for d in axes))


def gradients(forward, inputs, dy):
    """d(Σ dy·forward(inputs)) / d(inputs), by complex step."""
    result = []
    for which, values in enumerate(inputs):
        gradient = []
        for i in range(len(values or [])):
            moved = [list(v) if v else v for v in inputs]
            moved[which][i] += 1e-30j
            gradient.append(sum((complex(a) * b).imag for a, b in zip(forward(*moved), dy)) / 1e-30)
        result.append(gradient)
    return result


failures, count = [], 0
texts, checks = [], []


def compare(what, got, want, tolerance):
    scale = max([abs(w) for w in want if math.isfinite(w)], default=0.0)
    scale = scale if scale > 1e-12 else 1.0  # What should be zero is so to rounding.
    for i, (g, w) in enumerate(zip(got, want, strict=True)):
        same = math.isnan(g) if math.isnan(w) else g == w or abs(g - w) <= tolerance * scale
        if not same:
            failures.append(f"{what}: element {i} is {g}, expected {w} (tolerance {tolerance * scale:.3g})")
            return


def case(name, body, inputs, results, expected, tolerance, dynamic=(0,)):
    """Adds a function and its check; `inputs` are pairs (name, tensor), `results` (name, shape, element type)."""
    label = f"{name}_{len(checks)}"
    kind = lambda n, t: t.type(dynamic if n in ("x", "dx", "y", "dy") else ())
    result_types = [(n, kind(n, Tensor(s, e, [0] * math.prod(s)))) for n, s, e in results]
    texts.append(function(label, [(n, kind(n, t)) for n, t in inputs], result_types, body))

    def check(module):
        outputs = module.call(label, [t for _, t in inputs], [(len(s), e) for _, s, e in results])
        for (n, shape, _), output, want in zip(results, outputs, expected, strict=True):
            if output.shape != tuple(shape):
                failures.append(f"{label} %{n}: shape {output.shape}, expected {shape}")
            compare(f"{label} %{n}", output.values, want, tolerance)

    checks.append(check)


def report(passes=("--decompose-norm=keep-moments=false",), last=True):
    """Compiles and checks all cases so far; the last call prints the verdict and exits."""
    global count
    module = Module("".join(texts), passes)
    for check in checks:
        check(module)
    count += len(checks)
    texts.clear()
    checks.clear()
    if last:
        for failure in failures:
            print(failure)
        print(f"seed {SEED}: {count} functions, {len(failures)} failures")
        sys.exit(bool(failures))
