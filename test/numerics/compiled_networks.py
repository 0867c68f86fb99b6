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


def mask():
    """ReLU's mask is the same in both directions, down to the rounding: where y is positive, and only there, the gradient
    passes. The normalized values are ±v, and the shift takes scale times v away, so that rounding alone decides."""
    rows, outputs = 16, 256
    for norm in ("layer_norm", "rms_norm"):
        for flags in ([], ["--no-fuse"]):
            def case():
                model = Model(templates.dense(1, outputs, norm, "relu"), *flags, passes=["--differentiate=function=f"])
                signs = random.choice([-1, 1], (rows, 1)).astype(numpy.float32)
                weight = numpy.tile([[1, -1]], outputs // 2).astype(numpy.float32)
                zeros, ones = numpy.zeros(outputs, numpy.float32), numpy.ones(outputs, numpy.float32)
                # A row's place in the sum of the shift's gradient is a bit of its own.
                dy = numpy.repeat(2.0 ** numpy.arange(rows)[:, None], outputs, 1).astype(numpy.float32)
                value = model("f", [signs, weight, zeros, ones, zeros], 1)[0].max()
                scale = draw(outputs, offset=1, spread=.3)
                shift = -(scale * value)
                shift[::4] = numpy.nextafter(shift[::4], numpy.float32(0))
                y, *gradients = model("f_gradient", [signs, weight, zeros, scale, shift, dy], 6)
                passed = (gradients[-1].astype(int) >> numpy.arange(rows)[:, None]) & 1
                what = f"mask after {norm} {' '.join(flags)}"
                suite.check(f"{what}, elements at the edge", (numpy.abs(y) < 1e-5).mean() > .3, True, 0)
                suite.check(what, passed, y > 0, 0)
            suite.attempt(f"mask after {norm} {' '.join(flags)}", case)


for group in (dense, threads, mask):
    if suite.wants(group.__name__):
        group()
suite.finish()
