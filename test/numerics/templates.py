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


# %r of %v, with %zero, %one, %half and %root = √½ at hand.
ACTIVATIONS = {
    "relu": ["%r = arith.maximumf %v, %zero : f32"],
    "gelu": ["%s = arith.mulf %v, %root : f32", "%t = math.erf %s : f32", "%u = arith.addf %t, %one : f32",
             "%q = arith.mulf %u, %half : f32", "%r = arith.mulf %v, %q : f32"],
    "tanh": ["%r = math.tanh %v : f32"],
    "sigmoid": ["%m = arith.negf %v : f32", "%s = math.exp %m : f32", "%t = arith.addf %s, %one : f32",
                "%r = arith.divf %one, %t : f32"]}


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
    if activation:
        each = "affine_map<(i, j) -> (i, j)>"
        lines += ["%zero = arith.constant 0.0 : f32", "%one = arith.constant 1.0 : f32", "%half = arith.constant 0.5 : f32",
                  "%root = arith.constant 0.70710678118654752 : f32",
                  f'%y = linalg.generic {{indexing_maps = [{each}, {each}], iterator_types = ["parallel", "parallel"]}} '
                  f"ins({last} : {y}) outs(%e : {y}) {{", "^bb0(%v: f32, %unused: f32):",
                  *("  " + line for line in ACTIVATIONS[activation]), "  linalg.yield %r : f32", f"}} -> {y}"]
        last = "%y"
    return "\n".join([f"func.func @f(%x: {x}, %weight: {w}, %bias: {row}{extra}) -> {y} {{",
                      *("  " + line for line in lines), f"  return {last} : {y}", "}", ""])


def layer(inputs, outputs, norm, activation, rate, groups=1):
    """@f(x, weight, bias, scale, shift, residual, seed, counter[, mean, variance])
    -> residual + dropout(activation(norm(x·weight + bias)))."""
    x, w, row, y = tensor([None, inputs]), tensor([inputs, outputs]), tensor([outputs]), tensor([None, outputs])
    batch = norm == "batch_norm"
    options = {"batch_norm": "momentum = 0.1", "group_norm": f"groups = {groups}"}.get(norm, "axes = [1]")
    extra = f", %mean: {row}, %variance: {row}" if batch else ""
    each, body = "affine_map<(i, j) -> (i, j)>", "\n    ".join(ACTIVATIONS[activation])
    return f"""
func.func @f(%x: {x}, %weight: {w}, %bias: {row}, %scale: {row}, %shift: {row}, %residual: {y}, %seed: tensor<i64>,
             %counter: tensor<i64>{extra}) -> {y} {{
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %half = arith.constant 0.5 : f32
  %root = arith.constant 0.70710678118654752 : f32
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : {x}
  %e = tensor.empty(%n) : {y}
  %b = linalg.broadcast ins(%bias : {row}) outs(%e : {y}) dimensions = [0]
  %z = linalg.matmul ins(%x, %weight : {x}, {w}) outs(%b : {y}) -> {y}
  {"%normed, %new_mean, %new_variance" if batch else "%normed"} = norm.{norm} %z {f"running(%mean, %variance : {row})" if batch else ""}
      scale(%scale : {row}) shift(%shift : {row}) {options} : {y}
  %active = linalg.generic {{indexing_maps = [{each}, {each}], iterator_types = ["parallel", "parallel"]}}
      ins(%normed : {y}) outs(%e : {y}) {{
  ^bb0(%v: f32, %unused: f32):
    {body}
    linalg.yield %r : f32
  }} -> {y}
  %dropped = norm.dropout %active seed(%seed : tensor<i64>) counter(%counter : tensor<i64>) rate = {rate} : {y}
  %sum = linalg.add ins(%residual, %dropped : {y}, {y}) outs(%e : {y}) -> {y}
  return %sum : {y}
}}
"""


def product(rows, depth, columns, orientation):
    """@f(a, b) -> a·b, each operand as it is (n) or transposed (t)."""
    transposed = [letter == "t" for letter in orientation]
    a = tensor([depth, rows] if transposed[0] else [rows, depth])
    b = tensor([columns, depth] if transposed[1] else [depth, columns])
    c = tensor([rows, columns])
    maps = ", ".join("affine_map<(i, j, k) -> (" + dims + ")>" for dims in
                     ("k, i" if transposed[0] else "i, k", "j, k" if transposed[1] else "k, j", "i, j"))
    empty = f"%e = tensor.empty() : {c}" if rows else f"%n = tensor.dim %a, %c0 : {a}\n  %e = tensor.empty(%n) : {c}"
    return f"""
func.func @f(%a: {a}, %b: {b}) -> {c} {{
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  {empty}
  %start = linalg.fill ins(%zero : f32) outs(%e : {c}) -> {c}
  %c = linalg.matmul indexing_maps = [{maps}] ins(%a, %b : {a}, {b}) outs(%start : {c}) -> {c}
  return %c : {c}
}}
"""


def sums(columns):
    """@f(x) -> the columns' sums, the rows' maxima."""
    x, column, row = tensor([None, columns]), tensor([columns]), tensor([None])
    return f"""
func.func @f(%x: {x}) -> ({column}, {row}) {{
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : {x}
  %zero = arith.constant 0.0 : f32
  %least = arith.constant 0xFF800000 : f32
  %ce = tensor.empty() : {column}
  %re = tensor.empty(%n) : {row}
  %cs = linalg.fill ins(%zero : f32) outs(%ce : {column}) -> {column}
  %rs = linalg.fill ins(%least : f32) outs(%re : {row}) -> {row}
  %sums = linalg.reduce {{ arith.addf }} ins(%x : {x}) outs(%cs : {column}) dimensions = [0]
  %maxima = linalg.reduce {{ arith.maximumf }} ins(%x : {x}) outs(%rs : {row}) dimensions = [1]
  return %sums, %maxima : {column}, {row}
}}
"""


def elementwise(columns):
    """@f(x, y, column, row) -> (x < y ? exp(-|x|)·column : log(1 + x²) + row) / sqrt(1 + y²)."""
    x, column, row = tensor([None, columns]), tensor([columns]), tensor([None])
    maps = ", ".join(f"affine_map<(i, j) -> ({dims})>" for dims in ("i, j", "i, j", "j", "i", "i, j"))
    return f"""
func.func @f(%x: {x}, %y: {x}, %column: {column}, %row: {row}) -> {x} {{
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : {x}
  %one = arith.constant 1.0 : f32
  %e = tensor.empty(%n) : {x}
  %r = linalg.generic {{indexing_maps = [{maps}], iterator_types = ["parallel", "parallel"]}}
      ins(%x, %y, %column, %row : {x}, {x}, {column}, {row}) outs(%e : {x}) {{
  ^bb0(%a: f32, %b: f32, %c: f32, %d: f32, %unused: f32):
    %less = arith.cmpf olt, %a, %b : f32
    %size = math.absf %a : f32
    %minus = arith.negf %size : f32
    %exp = math.exp %minus : f32
    %left = arith.mulf %exp, %c : f32
    %square = arith.mulf %a, %a : f32
    %log = math.log1p %square : f32
    %right = arith.addf %log, %d : f32
    %chosen = arith.select %less, %left, %right : f32
    %other = arith.mulf %b, %b : f32
    %more = arith.addf %other, %one : f32
    %root = math.sqrt %more : f32
    %quotient = arith.divf %chosen, %root : f32
    linalg.yield %quotient : f32
  }} -> {x}
  return %r : {x}
}}
"""
