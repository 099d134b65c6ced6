"""The three ways in which the bridges change the engine, each of which fails at start on an engine it doesn't know."""

import functools
import inspect
import textwrap
from importlib import metadata

ENGINE = "ministack"
KNOWN_VERSION = "1.5.33"


class UnknownEngine(SystemExit):
    """Raised while starting: the engine isn't the one these bridges were written against."""

    def __init__(self, found: str):
        super().__init__(f"local engine: {found}; the bridges in local/engine know {ENGINE} {KNOWN_VERSION} only")


def require_known_engine() -> None:
    try:
        version = metadata.version(ENGINE)
    except metadata.PackageNotFoundError:
        raise UnknownEngine(f"{ENGINE} is not installed") from None
    if version != KNOWN_VERSION:
        raise UnknownEngine(f"found {ENGINE} {version}")


def existing(module, name: str):
    """An attribute of the engine that a bridge builds on."""
    if not hasattr(module, name):
        raise UnknownEngine(f"{module.__name__}.{name} does not exist")
    return getattr(module, name)


def around(module, name: str):
    """Decorator: the function takes the engine's own one as its first argument and replaces it."""
    inner = existing(module, name)

    def install(replacement):
        setattr(module, name, functools.partial(replacement, inner))
        return replacement

    return install


def instead(module, name: str):
    """Decorator: the function replaces the engine's own one."""
    existing(module, name)

    def install(replacement):
        setattr(module, name, replacement)
        return replacement

    return install


def edited(text: str, where: str, edits: dict[str, str]) -> str:
    """`text` with each old piece, which must be there exactly once, replaced by its new one."""
    for old, new in edits.items():
        if text.count(old) != 1:
            raise UnknownEngine(f"{where} holds {text.count(old)} times: {old}")
        text = text.replace(old, new)
    return text


def rewrite(module, name: str, edits: dict[str, str], **lent) -> None:
    """Edit the source of one of the engine's functions, for decisions made in the middle of it.

    `lent` are names that the new text uses; they are put into the engine's module.
    """
    source = textwrap.dedent(inspect.getsource(existing(module, name)))
    module.__dict__.update(lent)
    code = compile(edited(source, f"{module.__name__}.{name}", edits), f"<bridged {name}>", "exec")
    exec(code, module.__dict__)  # noqa: S102 - text of the pinned engine, checked above
