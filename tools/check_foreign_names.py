"""Refuses code that reaches into other packages: patched attributes, replaced methods, private imports."""

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from inspect import isclass, ismodule, isroutine

from tools.findings import Finding, checked_files

FOLDERS = ("shared", "services")
FIRST_PARTY = frozenset({"bff_core", "services", "devstack", "tools", "tests", "benchmarks"})
INTERNAL_PACKAGES = ("hypercorn.asyncio", "hypercorn.protocol")
PUBLIC_NAMES = frozenset({"hypercorn.asyncio.serve"})
"""Names of internal packages that are public API."""
ALLOWED_ASSIGNMENTS = {
    "quart.app.Quart.asgi_app": "Quart documents it as the place to wrap the app in middleware",
}
"""Methods that may be replaced on an instance, each with its reason."""

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)

Scope = dict[str, object]
"""Modules, classes and instances (as `Instance`) of other packages by local name."""


class Instance:
    """An object of a third-party class, known by a constructor call or an annotation."""

    def __init__(self, kind: type) -> None:
        self.kind = kind


def findings_in(source: str) -> Iterator[tuple[int, str]]:
    """Line and message of every violation in a module."""
    tree = ast.parse(source)
    paths: dict[str, str] = {}
    for line, local, path in _third_party_imports(tree):
        paths[local] = path
        if _is_internal(path):
            yield line, f"imports {path}, which is internal to its package"
    for node in ast.walk(tree):
        for base in node.bases if isinstance(node, ast.ClassDef) else ():
            path = _import_path(base, paths)
            if _is_internal(path):
                yield base.lineno, f"subclasses {path}, which is internal to its package"
            elif path and isinstance(node, ast.ClassDef):
                yield from _private_overrides(node, path)
    objects = {local: _load(path) for local, path in paths.items()}
    yield from _in_scope(tree, objects)


def _private_overrides(node: ast.ClassDef, path: str) -> Iterator[tuple[int, str]]:
    """Methods that replace a private one of the base class, whose signature may change any day."""
    base = _load(path)
    for method in node.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            is_defined = isroutine(getattr(base, method.name, None))
            if _is_private(method.name) and is_defined:
                yield method.lineno, f"overrides {path}.{method.name}, which is private"


def _third_party_imports(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Line, local name and dotted path of every name imported from another package."""
    aliases = [
        (node, alias)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    for node, alias in aliases:
        path = f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name
        package = path.partition(".")[0]
        relative = isinstance(node, ast.ImportFrom) and node.level > 0
        if relative or package in FIRST_PARTY or package in sys.stdlib_module_names:
            continue
        if isinstance(node, ast.Import) and not alias.asname:
            # `import a.b` binds `a`; the import itself is yielded for its path.
            yield node.lineno, package, package
        yield node.lineno, alias.asname or alias.name, path


def _is_internal(path: str) -> bool:
    if path in PUBLIC_NAMES:
        return False
    in_internal_package = any(f"{path}.".startswith(f"{one}.") for one in INTERNAL_PACKAGES)
    return in_internal_package or any(_is_private(part) for part in path.split("."))


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def _import_path(base: ast.expr, paths: Mapping[str, str]) -> str:
    """The path by which a base class was imported; empty for a class of our own."""
    written = ast.unparse(base.value if isinstance(base, ast.Subscript) else base)
    local = written.partition(".")[0]
    return paths[local] + written.removeprefix(local) if local in paths else ""


def _load(path: str) -> object:
    """The module, or the attribute of one, at a dotted path."""
    owner, _, name = path.rpartition(".")
    with suppress(ModuleNotFoundError):
        return import_module(path)
    return getattr(import_module(owner), name, None)


def _in_scope(node: ast.AST, scope: Scope) -> Iterator[tuple[int, str]]:
    """Violations below a module, class or function, whose own names hide those outside."""
    scope = {**scope, **_parameters(node, scope)}
    for child in _nodes_of(node):
        if isinstance(child, SCOPES):
            yield from _in_scope(child, scope)
            continue
        scope |= _bound_instances(child, scope)
        if isinstance(child, ast.Attribute):
            yield from _attribute(child, scope)
        elif isinstance(child, ast.Call):
            yield from _setattr(child, scope)


def _nodes_of(scope: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a scope in the order of the source; an inner scope is one node."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, SCOPES):
            yield from _nodes_of(child)


def _parameters(node: ast.AST, scope: Scope) -> Scope:
    """The parameters of a function, with the instances that their annotations promise."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return {}
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return {one.arg: _instance_of(one.annotation, scope) for one in every}


def _instance_of(kind: ast.expr | None, scope: Scope) -> object:
    """An instance of the third-party class that an annotation or a call names, else None."""
    if isinstance(kind, ast.Constant) and isinstance(kind.value, str):
        return _instance_of(ast.parse(kind.value, mode="eval").body, scope)
    if isinstance(kind, ast.BinOp):
        return _instance_of(kind.left, scope) or _instance_of(kind.right, scope)
    found = _resolve(kind.func if isinstance(kind, ast.Call) else kind, scope)
    return Instance(found) if isclass(found) else None


def _bound_instances(node: ast.AST, scope: Scope) -> Scope:
    """The names that a statement binds; None when not to a new third-party object."""
    if isinstance(node, ast.Assign):
        made = _instance_of(node.value, scope) if isinstance(node.value, ast.Call) else None
        return {target.id: made for target in node.targets if isinstance(target, ast.Name)}
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return {node.target.id: _instance_of(node.annotation, scope)}
    if isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
        return {node.optional_vars.id: _instance_of(node.context_expr, scope)}
    return {}


def _resolve(node: ast.expr | None, scope: Scope) -> object:
    """The third-party object that `name` or `name.attribute…` stands for; None if it is not one."""
    if isinstance(node, ast.Name):
        return scope.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = _resolve(node.value, scope)
        return getattr(owner, node.attr, None) if _is_foreign(owner) else None
    return None


def _is_foreign(owner: object) -> bool:
    return ismodule(owner) or isclass(owner)


def _attribute(node: ast.Attribute, scope: Scope) -> Iterator[tuple[int, str]]:
    owner, written = _resolve(node.value, scope), ast.unparse(node)
    if not isinstance(node.ctx, ast.Load):
        yield from _assignment(node.lineno, owner, node.attr, written)
    elif _is_foreign(owner) and _is_private(node.attr):
        yield node.lineno, f"uses {written}, which is private to its package"


def _setattr(node: ast.Call, scope: Scope) -> Iterator[tuple[int, str]]:
    if isinstance(node.func, ast.Name) and node.func.id in {"setattr", "delattr"}:
        target, name = node.args[:2]
        attribute = str(name.value) if isinstance(name, ast.Constant) else ""
        written = f"{ast.unparse(target)}.{attribute or ast.unparse(name)}"
        yield from _assignment(node.lineno, _resolve(target, scope), attribute, written)


def _assignment(
    line: int, owner: object, attribute: str, written: str
) -> Iterator[tuple[int, str]]:
    if isinstance(owner, Instance):
        defined = f"{owner.kind.__module__}.{owner.kind.__qualname__}.{attribute}"
        replaces_method = isroutine(getattr(owner.kind, attribute, None))
        if _is_private(attribute) or (replaces_method and defined not in ALLOWED_ASSIGNMENTS):
            yield line, f"assigns {written}, which is {defined} of another package"
    elif _is_foreign(owner):
        yield line, f"assigns {written}, which belongs to another package"


def main(arguments: Sequence[str]) -> int:
    """Exit code 1 and a line per finding, else 0; without arguments `FOLDERS`."""
    found = [
        Finding(path, line, message)
        for path in checked_files(arguments, FOLDERS)
        for line, message in findings_in(path.read_text("utf-8"))
    ]
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
