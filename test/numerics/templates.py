"""Model IR text: one op forward and backward, for a shape (None is the dynamic batch) and an element type.

Functions take and give f32 or f64; for f16 and bf16 they convert inside, since npy files have no bf16.
"""


def tensor(shape, element="f32"):
    return "tensor<" + "".join(f"{'?' if extent is None else extent}x" for extent in shape) + element + ">"


def outer(element):
    """The element type of arguments and results."""
    return element if element in ("f32", "f64") else "f32"


class Function:
    """Writes a func.func line by line; values are named by the caller."""

    def __init__(self, name, element="f32"):
        self.name, self.element, self.arguments, self.lines, self.results = name, element, [], [], []
        self.count = 0

    def fresh(self):
        self.count += 1
        return f"%t{self.count}"

    def convert(self, value, shape, source, target):
        if source == target:
            return value
        dims, result, empty = [], self.fresh(), self.fresh()
        for axis, extent in enumerate(shape):
            if extent is None:
                index, dim = self.fresh(), self.fresh()
                self.lines += [f"{index} = arith.constant {axis} : index",
                               f"{dim} = tensor.dim {value}, {index} : {tensor(shape, source)}"]
                dims.append(dim)
        wider = {"f16": 2, "bf16": 2, "f32": 4, "f64": 8}
        op = "extf" if wider[target] > wider[source] else "truncf"
        identity = "affine_map<({0}) -> ({0})>".format(", ".join(f"d{i}" for i in range(len(shape))))
        iterators = ", ".join(['"parallel"'] * len(shape))
        self.lines += [
            f"{empty} = tensor.empty({', '.join(dims)}) : {tensor(shape, target)}",
            f"{result} = linalg.generic {{indexing_maps = [{identity}, {identity}], iterator_types = [{iterators}]}} "
            f"ins({value} : {tensor(shape, source)}) outs({empty} : {tensor(shape, target)}) {{",
            f"^bb0(%a: {source}, %b: {target}):", f"  %c = arith.{op} %a : {source} to {target}",
            f"  linalg.yield %c : {target}", f"}} -> {tensor(shape, target)}"]
        return result

    def argument(self, name, shape, element=None):
        """A tensor argument; returns the value in this function's element type (or `element`, unconverted)."""
        self.arguments.append(f"%{name}: {tensor(shape, element or outer(self.element))}")
        return f"%{name}" if element else self.convert(f"%{name}", shape, outer(self.element), self.element)

    def add(self, line):
        self.lines.append(line)

    def result(self, value, shape, element=None):
        value = self.convert(value, shape, element or self.element, outer(self.element))
        self.results.append((value, tensor(shape, outer(self.element))))

    def text(self):
        values, types = zip(*self.results)
        return "\n".join([f"func.func @{self.name}({', '.join(self.arguments)}) -> ({', '.join(types)}) {{",
                          *("  " + line for line in self.lines),
                          f"  return {', '.join(values)} : {', '.join(types)}", "}", ""])


def layer_family(op, shape, axes, element="f32", scale=True, shift=True, epsilon=1e-5):
    """@value(x[, scale][, shift]) -> y and @gradient(dy, x[, scale]) -> dx[, dscale][, dshift]."""
    inner, x_type = [shape[axis] for axis in axes], tensor(shape, element)
    vector = tensor(inner, element)
    options = f"axes = {list(axes)} epsilon = {epsilon:e}"
    forward = Function("value", element)
    text = f"%y = norm.{op} {forward.argument('x', shape)}"
    for name, given in (("scale", scale), ("shift", shift)):
        if given:
            text += f" {name}({forward.argument(name, inner)} : {vector})"
    forward.add(f"{text} {options} : {x_type}")
    forward.result("%y", shape)

    backward = Function("gradient", element)
    text = f"norm.{op}_grad {backward.argument('dy', shape)}, {backward.argument('x', shape)}"
    results, types = ["%dx"], x_type
    if scale:
        text += f" scale({backward.argument('scale', inner)} : {vector})"
        results, types = results + ["%dscale"], types + f" dscale({vector})"
    if shift:
        results, types = results + ["%dshift"], types + f" dshift({vector})"
    backward.add(f"{', '.join(results)} = {text} {options} : {types}")
    for result in results:
        backward.result(result, shape if result == "%dx" else inner)
    return forward.text() + backward.text()


def channel_norm(op, shape, options, element="f32", batch=False):
    """Group norm, and with `batch` batch norm, which also takes and gives the running statistics."""
    channels, x_type = [shape[1]], tensor(shape, element)
    vector = tensor(channels, element)
    forward = Function("value", element)
    x = forward.argument("x", shape)
    results = ["%y"]
    text = f"norm.{op} {x}"
    if batch:
        text += f" running({forward.argument('mean', channels)}, {forward.argument('variance', channels)} : {vector})"
        results += ["%new_mean", "%new_variance"]
    text += f" scale({forward.argument('scale', channels)} : {vector}) shift({forward.argument('shift', channels)} : {vector})"
    forward.add(f"{', '.join(results)} = {text} {options} : {x_type}")
    for result in results:
        forward.result(result, shape if result == "%y" else channels)

    backward = Function("gradient", element)
    dy, x, scale = backward.argument("dy", shape), backward.argument("x", shape), backward.argument("scale", channels)
    options = options[options.index("epsilon"):] if batch else options  # the gradient has no momentum
    backward.add(f"%dx, %dscale, %dshift = norm.{op}_grad {dy}, {x} scale({scale} : {vector}) {options} : {x_type} "
                 f"dscale({vector}) dshift({vector})")
    backward.result("%dx", shape)
    backward.result("%dscale", channels)
    backward.result("%dshift", channels)
    return forward.text() + backward.text()


def batch_norm_inference(shape, epsilon=1e-5):
    vector = tensor([shape[1]])
    return f"""
func.func @inference(%x: {tensor(shape)}, %m: {vector}, %v: {vector}, %g: {vector}, %b: {vector}) -> {tensor(shape)} {{
  %y = norm.batch_norm_inference %x statistics(%m, %v : {vector}) scale(%g : {vector}) shift(%b : {vector})
       epsilon = {epsilon:e} : {tensor(shape)}
  return %y : {tensor(shape)}
}}
"""


def cross_entropy(classes, targets=False, label="i32"):
    """@value(logits, labels) -> loss and @gradient(logits, labels) -> dlogits."""
    logits = tensor([None, classes])
    labels = logits if targets else tensor([None], label)
    return f"""
func.func @value(%z: {logits}, %t: {labels}) -> tensor<f32> {{
  %loss = norm.softmax_cross_entropy %z, %t : {logits}, {labels} -> tensor<f32>
  return %loss : tensor<f32>
}}
func.func @gradient(%z: {logits}, %t: {labels}) -> {logits} {{
  %one = arith.constant dense<1.0> : tensor<f32>
  %dz = norm.softmax_cross_entropy_grad %one, %z, %t : tensor<f32>, {logits}, {labels}
  return %dz : {logits}
}}
"""


def dense(inputs, outputs, norm="", activation=""):
    """@f(x, weight, bias[, scale, shift]) -> activation(norm(x·weight + bias)), batch dynamic."""
    x, w, row, y = tensor([None, inputs]), tensor([inputs, outputs]), tensor([outputs]), tensor([None, outputs])
    extra = f", %scale: {row}, %shift: {row}" if norm else ""
    lines = ["%c0 = arith.constant 0 : index", f"%n = tensor.dim %x, %c0 : {x}", f"%e = tensor.empty(%n) : {y}",
             f"%b = linalg.broadcast ins(%bias : {row}) outs(%e : {y}) dimensions = [0]",
             f"%z = linalg.matmul ins(%x, %weight : {x}, {w}) outs(%b : {y}) -> {y}"]
    last = "%z"
    if norm:
        lines.append(f"%normed = norm.{norm} %z scale(%scale : {row}) shift(%shift : {row}) axes = [1] : {y}")
        last = "%normed"
    body = {"relu": ["%r = arith.maximumf %v, %zero : f32"],
            "gelu": ["%s = arith.mulf %v, %root : f32", "%t = math.erf %s : f32", "%u = arith.addf %t, %one : f32",
                     "%q = arith.mulf %u, %half : f32", "%r = arith.mulf %v, %q : f32"],
            "tanh": ["%r = math.tanh %v : f32"],
            "sigmoid": ["%m = arith.negf %v : f32", "%s = math.exp %m : f32", "%t = arith.addf %s, %one : f32",
                        "%r = arith.divf %one, %t : f32"]}
    if activation:
        each = "affine_map<(i, j) -> (i, j)>"
        lines += ["%zero = arith.constant 0.0 : f32", "%one = arith.constant 1.0 : f32", "%half = arith.constant 0.5 : f32",
                  "%root = arith.constant 0.70710678118654752 : f32",
                  f'%y = linalg.generic {{indexing_maps = [{each}, {each}], iterator_types = ["parallel", "parallel"]}} '
                  f"ins({last} : {y}) outs(%e : {y}) {{", "^bb0(%v: f32, %unused: f32):",
                  *("  " + line for line in body[activation]), "  linalg.yield %r : f32", f"}} -> {y}"]
        last = "%y"
    return "\n".join([f"func.func @f(%x: {x}, %weight: {w}, %bias: {row}{extra}) -> {y} {{",
                      *("  " + line for line in lines), f"  return {last} : {y}", "}", ""])
