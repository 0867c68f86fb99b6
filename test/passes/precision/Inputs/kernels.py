"""kernels.py FILE: the kernels of @train_step in IR of the kernels level, in order, without those that pack."""
import re
import sys

text = open(sys.argv[1]).read()
step = text[text.index("func.func @train_step"):]
step = step[:step.index("\n  }\n")]
print(*(name for name in re.findall(r'keel\.kernel "([^"]*)"', step) if not name.startswith("pack_")), sep="\n")
