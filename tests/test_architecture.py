"""Imports point one way: app -> model <- training; nothing that the app imports brings torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FORBIDDEN = {"model": {"app", "training", "streamlit"}, "training": {"app", "streamlit"}, "app": {"training", "torch"}}


def imports(path: Path) -> set[str]:
    """First parts of the names a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_point_one_way(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    for file in files:
        assert not imports(file) & FORBIDDEN[package], file


def test_app_needs_no_torch() -> None:
    """What the app imports of `model` stays free of torch, whatever that imports in turn."""
    names = set()
    for file in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "model":
                submodules = [f"{node.module}.{name.name}" for name in node.names]
                is_file = [(ROOT / (name.replace(".", "/") + ".py")).exists() for name in submodules]
                names |= {name for name, real in zip(submodules, is_file, strict=True) if real} or {node.module}
    assert names
    script = f"import sys, {', '.join(sorted(names))}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
