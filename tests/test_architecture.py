"""The shape of the code that no linter checks: its size, its names, its log lines.

Import direction and the one home of each library are contracts in `pyproject.toml`.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from service.domain.risk import Cause

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "service").rglob("*.py"))
LONGEST_MODULE = 600
LONGEST_FUNCTION = 40
NAMES_THAT_SAY_NOTHING = {"base", "common", "helpers", "manager", "utils"}
LOG_CALL = re.compile(r"log\.(debug|info|warning|error|exception|critical)")
SENSITIVE = {cause.split("_")[0] for cause in Cause if cause is not Cause.UNIVERSAL}
SENSITIVE |= {"cramp", "drink", "heart", "kidney", "liver", "medic", "pregnan"}
HEALTH_WORD = re.compile(rf"\b({'|'.join(sorted(SENSITIVE))})", re.IGNORECASE)


def nodes(module: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(module.read_text()))


def place(module: Path, node: ast.expr | ast.stmt) -> str:
    return f"{module.relative_to(ROOT)}:{node.lineno}"


def log_words(module: Path) -> Iterator[tuple[str, str]]:
    """Each fixed word a module writes into its log, and where it does so."""
    for node in nodes(module):
        if isinstance(node, ast.Call) and LOG_CALL.fullmatch(ast.unparse(node.func)):
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield place(module, node), part.value
                elif isinstance(part, ast.keyword) and part.arg:
                    yield place(module, node), part.arg


def test_every_module_can_be_read_in_one_sitting():
    lengths = {m: len(m.read_text().splitlines()) for m in MODULES}
    too_long = [
        f"{module.relative_to(ROOT)} has {length} lines"
        for module, length in lengths.items()
        if length > LONGEST_MODULE
    ]

    assert not too_long


def test_every_function_fits_on_one_screen():
    too_long = [
        f"{place(module, node)} {node.name} has {length} lines"
        for module in MODULES
        for node in nodes(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1)
        > LONGEST_FUNCTION
    ]

    assert not too_long


def test_every_package_says_what_it_is_for():
    silent = [
        str(folder.relative_to(ROOT))
        for folder in {module.parent for module in MODULES}
        if folder.name != "versions"  # Alembic reads these as files.
        if not (folder / "__init__.py").exists()
        or not ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    ]

    assert not silent


def test_every_module_is_named_after_what_it_holds():
    vague = [
        str(module.relative_to(ROOT))
        for module in MODULES
        if module.stem in NAMES_THAT_SAY_NOTHING
    ]

    assert not vague


def test_no_log_line_speaks_of_anybody_s_health():
    telling = [
        f"{where} logs {word!r}"
        for module in MODULES
        for where, word in log_words(module)
        if HEALTH_WORD.search(word.replace("_", " "))
    ]

    assert not telling
