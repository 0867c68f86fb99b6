"""Checks of the repository's own rules that no compiler makes. Prints each offence as `file:line: what is wrong`."""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parents[2]
offences = []


def offend(path, line, message):
    offences.append(f"{path}:{line}: {message}" if line else f"{path}: {message}")


def tracked():
    names = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard", "-z"], capture_output=True,
                           check=True).stdout.decode().split("\0")
    return [pathlib.PurePosixPath(name) for name in names if name and (root / name).is_file()]


def lines(path):
    try:
        return (root / path).read_text().split("\n")
    except UnicodeDecodeError:
        return []  # binary data


files = tracked()
code = {".cpp", ".h", ".td", ".py", ".c", ".inc"}

# A CHECK without a colon checks nothing. Prefixes of the file's own RUN lines count as well.
for path in files:
    if path.suffix not in (".mlir", ".test") or path.parts[0] != "test":
        continue
    text = lines(path)
    prefixes = {"CHECK"}
    for line in text:
        for match in re.finditer(r"--?check-prefix(?:es)?[= ]([\w,-]+)", line):
            prefixes.update(match[1].split(","))
    kinds = r"(?:-(?:NEXT|SAME|DAG|LABEL|NOT|EMPTY|COUNT-\d+))?"
    pattern = re.compile(r"^\s*(?://|#)\s*(?:%s)%s(?:\{LITERAL\})?(?:\s*$|\s+[^\s:])" % ("|".join(map(re.escape, prefixes)), kinds))
    for number, line in enumerate(text, 1):
        if pattern.match(line):
            offend(path, number, "looks like a CHECK, but has no colon, so it checks nothing")

# The wall between compiler and runtime.
for path in files:
    if path.parts[0] == "runtime" and path.suffix in code:
        for number, line in enumerate(lines(path), 1):
            if re.search(r'#\s*include\s*[<"](llvm|mlir|dialect|passes)/', line):
                offend(path, number, "the runtime includes nothing of LLVM and nothing of the compiler")

# One idea a file.
for path in files:
    if path.suffix in code and len(lines(path)) - 1 > 400:
        offend(path, 0, f"{len(lines(path)) - 1} lines; the limit is 400: is there a second idea in it?")

# A folder opens with a page that says what it is for.
documented = {path.parent for path in files if path.name == "README.md"}
for folder in sorted({parent for path in files for parent in path.parents}):
    hidden = any(part.startswith(".") or part == "Inputs" for part in folder.parts)
    # The runtime's README speaks for its few folders, test/passes's for the folders of passes.
    detail = folder.parts[:1] == ("test",) and len(folder.parts) > 2 or folder.parts[:1] == ("runtime",) and len(folder.parts) > 1
    if not hidden and not detail and folder not in documented:
        offend(folder, 0, "no README.md in this folder")

# A pass is tested in a file of its flag's name.
for path in files:
    if path.name != "Passes.td":
        continue
    for match in re.finditer(r'^def\s+\w+\s*:\s*(?:Interface)?Pass<\s*"([\w-]+)"', "\n".join(lines(path)), re.M):
        test = pathlib.PurePosixPath("test", path.parent, match[1] + ".mlir")
        if test not in files:
            offend(path, 0, f"pass --{match[1]} has no test {test}")

# An error of the compiler is seen in a test: one that expects some words of it.
unreachable = {  # what no test can bring about
    "cannot create a temporary file: ",  # the temporary folder is full or gone, while lit writes there
    "ld.lld not found on PATH; install lld-22, or write an object with --emit=obj",  # it is where LLVM 22 is, too
    "cannot be written as linalg.generic; expected a structured linalg op",  # a later LLVM's op
    "no entry reached the artefact; run --lower-entries first",  # for who calls the library
    "LLVM cannot write object files for ", "LLVM has no code generator for ",  # an LLVM that was built without them
    "LLVM has no code generator for NVIDIA's GPUs", "LLVM cannot write PTX for ",
    "LLVM was built without its NVPTX back end, which device code needs: ",
    "cannot link the host code for ", "cannot link the emulated kernels for ",  # programs' symbols have prefixes of their own
    "emulation made invalid LLVM IR: ",  # our own mistake, said instead of crashing
    "no instruction found for ", "LLVM's NVPTX back end cannot compile the intrinsics for ",  # a later LLVM's back end
}
expectations = "\n".join(line for path in files if path.parts[0] == "test" and path.suffix in (".mlir", ".test", ".py", ".cpp")
                         for line in lines(path) if re.search(r"expected-|CHECK|error|grep", line))
for path in files:
    if path.suffix not in (".cpp", ".h") or path.parts[0] not in ("dialect", "passes"):
        continue
    text = re.sub(r'"\s*\n\s*"', "", "\n".join(lines(path)))  # literals that are continued on the next line
    for statement in re.finditer(r'\bemit(?:Op)?Error\b(?:"(?:[^"\\]|\\.)*"|[^";])*;', text):
        pieces = [piece.replace('\\"', '"') for piece in re.findall(r'"((?:[^"\\]|\\.)*)"', statement[0])]
        if not pieces or unreachable.intersection(pieces):
            continue
        # Twenty letters of it in a row, or all there is.
        seen = any(piece[start:start + 20] in expectations for piece in pieces if len(piece.strip()) > 5
                   for start in range(max(1, len(piece) - 19)))
        if not seen:
            offend(path, 0, f"no test expects this error: {max(pieces, key=len)}")

# What holds on one machine only.
machine = re.compile(r"(?<![\w.$}])/(?:work|home|root|Users|mnt)/\w|" + re.escape(str(root)))
for path in files:
    if path != pathlib.PurePosixPath("test/lint/lint.py"):
        for number, line in enumerate(lines(path), 1):
            if machine.search(line):
                offend(path, number, "a path of one machine")

print("\n".join(offences) or f"{len(files)} files, no offence")
sys.exit(bool(offences))
