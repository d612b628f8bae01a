"""The project's habits as rules over its files. Each rule yields (path, line, message); none means the habit is kept.

A rule takes a Tree. Patterns that must not stand in the project are written so that this file does not hold them.
"""
import collections
import functools
import os
import pathlib
import re
import subprocess

# Who may include whom: the drawing in docs/architecture.md. projector/store is a folder of its own.
ARROWS = {
    "events": {"events"},
    "projector/store": {"projector/store", "events"},
    "projector": {"projector", "projector/store", "events"},
    "query": {"query", "projector/store", "events"},
    "manager": {"manager", "events"},
    "consumers": {"consumers", "query", "projector", "projector/store", "events"},
    "server/service": {"server/service", "server/json", "manager", "consumers", "query", "projector", "projector/store", "events"},
    "server/json": {"server/json", "events"},
    # A door turns what comes over the wire into the service's messages, and knows nothing below it.
    "server/http": {"server/http", "server/json", "server/service", "manager", "events"},
    "server/grpc": {"server/grpc", "server/service", "manager", "events"},
    # A client: it knows the doors by what docs/api.md and service.proto say of them.
    "server/load": {"server/load", "server/json", "manager", "events"},
    "server": {"server", "server/json", "server/service", "server/http", "server/grpc", "server/load", "manager", "consumers", "query", "projector", "projector/store", "events"},
}
LAYERS = sorted(ARROWS, key=len, reverse=True)
# May include anything of the product and of each other, but nothing of the product may include them.
OUTSIDE = ("tests", "bench", "examples")
NEEDS_README = (*ARROWS, *OUTSIDE, "clients")

GENERATED = re.compile(r"mnemo/v1/\w+(?:\.grpc)?\.pb\.h")

LINES_MAX = {".cc": 400, ".h": 200}

IMPURE = {
    "a clock": r"system_clock|steady_clock|high_resolution_clock|utc_clock|clock_gettime|gettimeofday"
               r"|(?<![\w.>])(?:time|clock|localtime|gmtime)\s*\(",
    "randomness": r"(?<![\w.>])(?:rand|srand|rand_r|random)\s*\(|random_device|mt19937|default_random_engine"
                  r"|<random>|minstd_rand",
    "the environment": r"\bgetenv\b|secure_getenv|\benviron\b|setlocale|std::locale|<locale>",
    "hash-map order": r"unordered_|flat_hash_|node_hash_",
    "floating point": r"\bfloat\b|\bdouble\b|\bstrto[df]\b|\bstof\b|\bstod\b",
}
DATABASE_READ = re.compile(r"\brocksdb::DB\b|<rocksdb/|\brocksdb::(?:Iterator|ReadOptions)\b")

EVENT_KIND_LABEL = re.compile(
    r"\bcase\s+(?:EVENT_KIND_|(?:\w+::)+(?:EVENT_KIND_|k(?:Remembered|Updated|Forgotten|ForgottenByFilter|Accessed"
    r"|ConsolidateRequested|PruneRequested|EmbeddingAttached|SummaryAttached|Linked|Unlinked|Imported|EpochStarted"
    r"|RulesActivated|PolicyUpdated|Ticked|SkipRecorded|OperationStarted|OperationStepDone|OperationFinished"
    r"|SubjectErased)\b))")

FOREIGN_WORDS = {
    "a path of one machine": r"(?<![\w.$}])/(?:wor[k]|far[m])/|\.librar[y]/",
    "the host of a package registry": r"registr[y]\.npmjs|pyp[i]\.org|crate[s]\.io/|(?:index|static)\.crate[s]\.io"
                                      r"|rep[o]1?\.maven|de[b]\.debian|archiv[e]\.ubuntu|prox[y]\.golang|pythonhoste[d]",
    "the number of an issue": r"(?i)\bissue[s]?[ -]#?\d+\b|(?<![\w&])#\d+\b(?=[\s).,;:]|$)",
    "unfinished work": r"\bTOD[O]\b|\bFIXM[E]\b|\bXX[X]\b|DISABLE[D]_",
}
# Text of others, and output of programs, which may say anything.
FOREIGN_TEXT = re.compile(r"^(LICENSE|tests/golden/|examples/sample/|.*\.(jsonl|tsv|bin|png))")


class Tree:
    """The files of a checkout: tracked ones and new ones that are not ignored; without git, all of them."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.paths = sorted(self._list())

    def _list(self):
        if (self.root / ".git").exists():
            listing = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                     cwd=self.root, check=True, capture_output=True, text=True).stdout
            names = set(filter(None, listing.split("\0")))
        else:
            names = {path.relative_to(self.root).as_posix() for path in self.root.rglob("*")}
        return [name for name in names if (self.root / name).is_file()]

    @functools.lru_cache(maxsize=None)
    def text(self, path):
        """The file's text; None for a binary file."""
        data = (self.root / path).read_bytes()
        return None if b"\0" in data else data.decode("utf-8", errors="replace")

    @functools.lru_cache(maxsize=None)
    def code(self, path):
        """C++ without comments and literals, line for line."""
        return strip_code(self.text(path) or "")

    def sources(self, *folders):
        return [path for path in self.paths if path.endswith((".cc", ".h"))
                and (not folders or path.startswith(tuple(folder + "/" for folder in folders)))]


LITERAL_OR_COMMENT = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'',
    re.S)


def strip_code(text):
    def blank(match):
        found = match.group()
        quote = '""' if found[0] in "\"R'" else ""
        return quote + "\n" * found.count("\n")
    return LITERAL_OR_COMMENT.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def layer_of(path):
    """The folder of ARROWS or OUTSIDE that a path lies in, or None."""
    for folder in (*LAYERS, *OUTSIDE):
        if path.startswith(folder + "/"):
            return folder
    return None


INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def include_arrows(tree):
    """Includes follow the arrows, and name files of ours from the repository's root, in quotes."""
    for path in tree.sources(*ARROWS, *OUTSIDE):
        origin, text = layer_of(path), tree.text(path)
        for match in INCLUDE.finditer(text):
            quote, target = match.groups()
            line, layer = line_of(text, match.start()), layer_of(target)
            if quote == "<":
                if layer in ARROWS:
                    yield path, line, f"<{target}> is ours: include it in quotes"
            elif GENERATED.fullmatch(target):
                continue
            elif layer is None or not (tree.root / target).is_file():
                yield path, line, f'"{target}" is no file of ours, named from the repository\'s root'
            elif origin in ARROWS and layer not in ARROWS[origin]:
                yield path, line, f"{origin} may not include {layer}: {target}"


def pure_projector(tree):
    """projector/ is a function of the log: no clock, randomness, environment, hash order, floating point."""
    for path in tree.sources("projector"):
        code = tree.code(path)
        for what, pattern in IMPURE.items():
            for match in re.finditer(pattern, code):
                yield path, line_of(code, match.start()), f"{what} in projector/: {match.group().strip()}"


def reads_through_views(tree):
    """Above projector/store, state is read through views only."""
    for path in tree.sources("projector", "query"):
        if layer_of(path) == "projector/store":
            continue
        code = tree.code(path)
        for match in DATABASE_READ.finditer(code):
            yield path, line_of(code, match.start()), f"the database is projector/store's: {match.group()}"


def switches(code):
    """(offset, the text of the block outside of nested braces) of each switch."""
    for match in re.finditer(r"\bswitch\s*\(", code):
        start = code.find("{", match.end())
        depth, own = 0, []
        for position in range(start, len(code)) if start >= 0 else ():
            character = code[position]
            depth += (character == "{") - (character == "}")
            if depth == 0:
                break
            if depth == 1:
                own.append(character)
        yield match.start(), "".join(own)


def no_default_over_kinds(tree):
    """A switch over the event kinds names each, so that the compiler finds a forgotten one."""
    for path in tree.sources(*ARROWS):
        code = tree.code(path)
        for offset, block in switches(code):
            if EVENT_KIND_LABEL.search(block) and re.search(r"\bdefault\s*:", block):
                yield path, line_of(code, offset), "a switch over event kinds has a default: name every kind"


def read_allowance(text):
    """({path: reason}, [line numbers without a reason])."""
    allowed, broken = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            path, _, reason = line.partition("  ")
            allowed[path] = reason.strip()
            if not reason.strip():
                broken.append(number)
    return allowed, broken


LONG_FILES = "tests/tidy/long_files.txt"


def file_length(tree):
    """A file has one purpose: 400 lines for a .cc, 200 for a .h, or a reason in tests/tidy/long_files.txt."""
    allowed, broken = read_allowance(tree.text(LONG_FILES) if LONG_FILES in tree.paths else "")
    for number in broken:
        yield LONG_FILES, number, "write 'path  why it may be long'"
    for path in tree.sources():
        lines, most = (tree.text(path) or "").count("\n"), LINES_MAX[os.path.splitext(path)[1]]
        if lines > most and path not in allowed:
            yield path, lines, f"{lines} lines, over {most}: split it, or list it with the reason in {LONG_FILES}"
        if lines <= most and path in allowed:
            yield path, 1, f"has {lines} lines now: remove it from {LONG_FILES}"
    for path in sorted(set(allowed) - set(tree.sources())):
        yield LONG_FILES, 1, f"{path} does not exist: remove it"


def folder_readme(tree):
    """Each folder says what it is for and where to start."""
    for folder in NEEDS_README:
        readme = folder + "/README.md"
        if readme not in tree.paths and any(path.startswith(folder + "/") for path in tree.paths):
            yield readme, 1, "is missing: purpose, the header to read first, what may include what"


def foreign_words(tree):
    """The project speaks of itself alone."""
    for path in tree.paths:
        text = None if FOREIGN_TEXT.match(path) else tree.text(path)
        for what, pattern in FOREIGN_WORDS.items() if text else ():
            for match in re.finditer(pattern, text, re.M):
                yield path, line_of(text, match.start()), f"{what}: {match.group().strip()}"


TEST_CASE = re.compile(r"^(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)", re.M)


def unique_test_names(tree):
    """Two cases of one name in a folder would be one entry to ctest."""
    seen = collections.defaultdict(list)
    for path in tree.sources("tests"):
        code = tree.code(path)
        for match in TEST_CASE.finditer(code):
            seen[os.path.dirname(path), match.groups()].append((path, line_of(code, match.start())))
    for (_, (suite, case)), places in seen.items():
        for path, line in places[1:]:
            yield path, line, f"{suite}.{case} is also in {places[0][0]}:{places[0][1]}"


SCOPE = re.compile(r"\bnamespace (?P<space>[\w:]*) ?\{|"
                   r"^(?:struct|class) (?:MNEMO_\w+\(.*\) )?(?P<name>\w+)(?: final)?(?: : [^;{]*)?\s*\{|[{}]", re.M)


def one_class_a_name(tree):
    """Two classes of one name in one namespace are one to the linker, which takes either's functions for both."""
    first = {}
    for path in tree.sources(*ARROWS):
        spaces = []  # one for each open brace: a namespace's name, or None
        for found in SCOPE.finditer(tree.code(path)):
            if found[0] == "}":
                spaces = spaces[:-1]
                continue
            outside = all(spaces)  # in namespaces alone, and those with a name
            spaces.append(found["space"] if found["space"] is not None else None)
            if not found["name"] or not outside:
                continue
            name = "::".join([*spaces[:-1], found["name"]])
            other = first.setdefault(name, path)
            if other != path:
                yield path, line_of(tree.code(path), found.start()), f"{other} has a class {name}, too: rename one"


RULES = (include_arrows, pure_projector, reads_through_views, no_default_over_kinds, file_length, folder_readme,
         foreign_words, unique_test_names, one_class_a_name)
