"""Linear layer, bias, norm and activation in one kernel against f64 references: random sizes, fused and not."""
import math

import numpy

import references
import templates
from harness import Model, Suite

suite = Suite(__doc__)
random = suite.random
ACTIVATIONS = {"": lambda v: v, "relu": lambda v: numpy.maximum(v, 0), "tanh": numpy.tanh,
               "sigmoid": lambda v: 1 / (1 + numpy.exp(-v)),
               "gelu": numpy.vectorize(lambda v: v * (1 + math.erf(v / math.sqrt(2))) / 2, otypes=[float])}


def draw(*shape, offset=0.0, spread=1.0):
    return (offset + spread * random.standard_normal(shape)).astype(numpy.float32)


def dense():
    sizes = [(1, 1), (1, 17), (33, 1), (64, 256)] + [tuple(map(int, random.integers(1, 150, 2)))
                                                     for _ in range(suite.options.cases)]
    for number, (inputs, outputs) in enumerate(sizes):
        norm = ("layer_norm", "rms_norm", "")[number % 3]
        activation = list(ACTIVATIONS)[number % 5]
        flags = [[], ["--no-fuse"], ["--no-algebra"]][number // 2 % 3]
        what = f"dense {inputs}x{outputs} {norm} {activation} {' '.join(flags)}"

        def case():
            model = Model(templates.dense(inputs, outputs, norm, activation), *flags)
            weight, bias = draw(inputs, outputs, spread=inputs**-.5), draw(outputs)
            vectors = [draw(outputs, offset=1, spread=.2), draw(outputs)] if norm else []
            for rows in (1, 7, 130):
                x = draw(rows, inputs)
                z = x.astype(float) @ weight.astype(float) + bias
                y = references.norm(z, *vectors, [1], centre=norm == "layer_norm") if norm else z
                # One column: what layer norm subtracts is the value itself, so nothing but the shift is left.
                ours, = model("f", [x, weight, bias, *vectors], 1)
                suite.check(f"{what}, {rows} rows", ours, ACTIVATIONS[activation](y), 4e-6)
        suite.attempt(what, case)


def threads():
    """The same bits for any number of threads, and for a row whatever batch it comes in."""
    def case():
        model = Model(templates.dense(64, 200, "layer_norm", "gelu"))
        x, rest = draw(301, 64), [draw(64, 200, spread=.1), draw(200), draw(200), draw(200)]
        one, = model("f", [x, *rest], 1, "--threads", "1")
        for count in (2, 3):
            suite.check(f"{count} threads, the same bits",
                        model("f", [x, *rest], 1, "--threads", str(count))[0].tobytes() == one.tobytes(), True, 0)
        part, = model("f", [x[:37], *rest], 1)
        suite.check("a row's bits in another batch", part.tobytes() == one[:37].tobytes(), True, 0)
    suite.attempt("threads", case)


for group in (dense, threads):
    if suite.wants(group.__name__):
        group()
suite.finish()
