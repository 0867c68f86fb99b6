"""Every opcode that the emulator knows is executed by a micro-kernel here, or named below with the reason why not."""
import pathlib
import re
import sys

here = pathlib.Path(__file__).resolve().parent
instructions = here.parents[2] / "runtime" / "emulator" / "instructions"
WITHOUT = {
    "trap": "ends the grid", "brkpt": "ends the grid", "ret": "the end of every kernel", "call": "the device runtime's, no instruction",
    "setmaxnreg": "changes no result", "pmevent": "changes no result", "discard": "changes no result", "createpolicy": "changes no result",
    "applypriority": "changes no result", "mutant": "no instruction of PTX", "memcpy": "no instruction of PTX",
    "memmove": "no instruction of PTX", "memset": "no instruction of PTX",
}
opcodes = {opcode for path in instructions.glob("*.cpp") for table in re.findall(r"Opcode table\[\] = \{(.*?)\};", path.read_text(), re.S)
           for opcode in re.findall(r'\{"(\w+)",', table)}
text = "\n".join(re.sub(r"//.*", "", path.read_text()) for path in here.glob("*.cu"))
used = {opcode for opcode in opcodes if re.search(r'["; ]%s[. ;]' % opcode, text)}
bad = sorted(opcodes - used - set(WITHOUT)) + sorted(set(WITHOUT) & used) + sorted(set(WITHOUT) - opcodes)
for opcode in bad:
    print(f"{opcode}: {'no micro-kernel' if opcode in opcodes else 'no opcode of the emulator'}")
print(f"{len(used)} opcodes in micro-kernels, {len(WITHOUT)} have none for a reason")
sys.exit(bool(bad))
