"""Servers that speak OpenAI's APIs, as rows of data: where they are, whose key opens them, and what they do otherwise.

Here: `Host`, the built-in rows (hosts.json), and a user's own, checked. Not here: models (lookup.py), how a key is sent
(providers/), what an option does (the codec of the body). Called by: the routing table, users.

Rule 1: the file is read at the first question, never at import. Rule 2: a row is a guess about somebody else's server:
what is known of a model goes over it, and what the user says goes over both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NoReturn

from jiter import from_json

from bedrock_llm.errors import ConfigurationError
from bedrock_llm.values import Frozen, frozen

__all__ = ["NATIVE_OPTIONS", "Host", "host_of", "hosts", "read_hosts", "register"]

_FILE = Path(__file__).parent / "hosts.json"
_BODIES: Mapping[str, str] = {"chat": "openai_chat", "responses": "openai_responses"}

NATIVE_OPTIONS = frozenset({
    "max_tokens", "temperature", "top_p", "top_k", "min_p", "stop", "seed", "presence_penalty", "frequency_penalty",
    "repetition_penalty", "logprobs", "parallel_tool_calls", "required", "system_role", "reasoning_history",
    "reasoning_with_calls", "think_tags", "tool_call_id_length", "inline_refs", "ends_unmarked", "stream_options",
})  # fmt: skip
"""What a row may say of a server's chat completions: the options of that body, and `stream_options`."""

_URL = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?(/[!-~]*)?", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@frozen
class Host(Frozen):
    """A server that speaks chat completions or Responses.

    Attributes:
        name: What stands before a model's name: `groq` in `groq/llama-3.3-70b-versatile`.
        base_url: Up to what the API's own paths begin behind, e.g. `https://api.groq.com/openai/v1`; None where every
            user has another.
        url_env: Environment variables that may hold another address.
        key_env: Environment variables that may hold the key; the first one that is set wins.
        key_header: The header that carries it, in lower case.
        key_prefix: What stands before it there.
        needs_key: Whether the server answers nobody without one.
        api: The API that is spoken where the user names none: "chat" or "responses".
        native: How this server's way differs from OpenAI's: options of the body (`NATIVE_OPTIONS` of chat), by their
            names or under the name of a body.
        features: What holds for every model there that nothing else is known of, as `ModelConfig.features`.
        source: Where the row comes from.
        as_of: The day it was looked at, ISO 8601; None for a user's own.
    """

    name: str
    base_url: str | None = None
    url_env: tuple[str, ...] = ()
    key_env: tuple[str, ...] = ()
    key_header: str = "authorization"
    key_prefix: str = "Bearer "
    needs_key: bool = True
    api: Literal["chat", "responses"] = "chat"
    native: Mapping[str, Any] = field(default_factory=dict)
    features: Mapping[str, Any] = field(default_factory=dict)
    source: str | None = None
    as_of: str | None = None

    def under(self, features: Mapping[str, Any] | None, api: str | None = None) -> dict[str, Any]:
        """The features of a model on this server: the server's, and what is known of the model over them.

        Options of a body are laid over one another singly, so that a fact of the model does not hide the server's.

        Args:
            features: Of the model, or None where nothing is known.
            api: "chat" or "responses" where the user chose one; None for the server's own.
        """
        known, body = dict(features or {}), _BODIES[self.api]
        native = known.get("native") or {}
        if api in (None, self.api) and native.get("body", body) == body:
            merged = {"body": body, **self.native, **native}
        else:  # the options stand where only their own body looks
            own = {name: value for name, value in self.native.items() if name not in _BODIES.values()}
            merged = {**native, **({body: own} if own else {})}
        for name in _BODIES.values():  # what stands under a body's name is laid over singly too
            found = [options[name] for options in (merged, self.native, native) if options.get(name)]
            if found:
                merged[name] = {key: value for options in found for key, value in options.items()}
        return {**self.features, **known, "native": merged}


_registered: Mapping[str, Host] = MappingProxyType({})


def hosts() -> Mapping[str, Host]:
    """The built-in rows by name, in the order of the file, and those that were registered."""
    return _registered or _built_in()


def register(source: Path | str | Mapping[str, Mapping[str, Any]]) -> None:
    """Add rows for this process, or correct known ones: fields that are not given stay as they are.

    Args:
        source: As for `read_hosts`. Of `native` and `features` each entry is laid over the known one.

    Raises:
        ConfigurationError: As `read_hosts`; nothing is added then.
    """
    global _registered  # noqa: PLW0603  # replaced as a whole, so that no thread sees half of it
    known = hosts()
    added = {name: host_of(name, _laid_over(known.get(name), row)) for name, row in _rows(source).items()}
    _registered = MappingProxyType({**known, **added})


def _laid_over(known: Host | None, row: Any) -> Any:
    if known is None or not isinstance(row, Mapping):
        return row
    made = {**{name: getattr(known, name) for name in _CHECKS}, "source": None, "as_of": None, **row}
    for name in ("native", "features"):
        if isinstance(row.get(name), Mapping):
            made[name] = {**getattr(known, name), **row[name]}
    return made


@cache
def _built_in() -> Mapping[str, Host]:
    data = from_json(_FILE.read_bytes())
    made = {name: host_of(name, {"as_of": data["as_of"], **row}) for name, row in data["hosts"].items()}
    return MappingProxyType(made)


def read_hosts(source: Path | str | Mapping[str, Mapping[str, Any]]) -> Mapping[str, Host]:
    """A user's own rows.

    Args:
        source: The path of a JSON file, or the mapping it would hold: name to the fields of `Host`, each optional.

    Raises:
        ConfigurationError: The file cannot be read, or a row is wrong; names the row and the field.
    """
    return MappingProxyType({name: host_of(name, row) for name, row in _rows(source).items()})


def _rows(source: Any) -> Mapping[str, Any]:
    if isinstance(source, Mapping):
        return source
    if not isinstance(source, (str, Path)):
        raise ConfigurationError(f"hosts must be a path or a mapping from names to rows, not {source!r}")
    path = Path(source)
    try:
        data = from_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"the hosts {path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigurationError(f"the hosts {path} are not JSON: {error}") from error
    if not isinstance(data, Mapping):
        raise ConfigurationError(f"the hosts {path} must be an object from names to rows")
    return data


def host_of(name: str, row: Mapping[str, Any]) -> Host:
    """One row, checked.

    Args:
        name: Of the host: small letters, digits, `.`, `_` and `-`.
        row: The fields of `Host` but its name, each optional; lists stand for tuples.

    Raises:
        ConfigurationError: The name or a field is wrong; names the field and what is allowed.
    """
    if name.__class__ is not str or not _NAME.fullmatch(name):
        raise ConfigurationError(f"a host's name must be of small letters, digits, '.', '_' and '-', not {name!r}")
    if not isinstance(row, Mapping):
        raise ConfigurationError(f"host {name!r} must be a mapping of fields, not {type(row).__name__}")
    for key in row:
        if key not in _CHECKS:
            raise ConfigurationError(f"host {name!r} has no field {key!r}{_near(key, _CHECKS)}")
    return Host(name, **{key: _CHECKS[key](f"host {name!r}: {key}", value) for key, value in row.items()})


def _near(name: Any, known: Any) -> str:
    import difflib

    near = difflib.get_close_matches(str(name), known, 1)
    return (f"; did you mean {near[0]!r}?" if near else "") + f" (there are {', '.join(sorted(known))})"


def _wrong(where: str, value: Any, allowed: str) -> NoReturn:
    raise ConfigurationError(f"{where} must be {allowed}, not {value!r}")


def _address(where: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _URL.fullmatch(value) or set(value) & set("?#@"):
        _wrong(where, value, "an http or https address without user, query and fragment, or null")
    return value.rstrip("/")


def _variables(where: str, value: Any) -> tuple[str, ...]:
    given = (value,) if isinstance(value, str) else value
    if not isinstance(given, (list, tuple)) or not all(isinstance(v, str) and _VARIABLE.fullmatch(v) for v in given):
        _wrong(where, value, "names of environment variables")
    return tuple(given)


def _header(where: str, value: Any) -> str:
    if not isinstance(value, str) or not _HEADER.fullmatch(value):
        _wrong(where, value, "a header's name")
    return value.lower()


def _prefix(where: str, value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or not value.isascii():
        _wrong(where, value, "text that may stand in a header")
    return value


def _switch(where: str, value: Any) -> bool:
    if not isinstance(value, bool):
        _wrong(where, value, "true or false")
    return value


def _api(where: str, value: Any) -> str:
    if value not in _BODIES:
        _wrong(where, value, " or ".join(map(repr, _BODIES)))
    return str(value)


def _native(where: str, value: Any) -> Mapping[str, Any]:
    """Options; those of chat are known, another body's stand under its name."""
    given = _mapping(where, value)
    for name, option in given.items():
        if name == _BODIES["chat"]:
            _native(f"{where}[{name!r}]", option)
        elif name in _BODIES.values():
            _mapping(f"{where}[{name!r}]", option)
        elif name not in NATIVE_OPTIONS:
            raise ConfigurationError(f"{where} has no option {name!r}{_near(name, NATIVE_OPTIONS)}")
        else:
            fits, allowed = _NATIVE_VALUES.get(name, _MEMBER)
            if not fits(option):
                _wrong(f"{where}[{name!r}]", option, allowed)
    return given


def _strings(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(text, str) for text in value)


Fits = tuple[Callable[[Any], bool], str]
_MEMBER: Fits = (lambda value: isinstance(value, bool) or (isinstance(value, str) and value != ""), "a name, or false")
_SWITCH: Fits = (lambda value: isinstance(value, bool), "true or false")
_TEXT: Fits = (lambda value: isinstance(value, str), "text")
_NATIVE_VALUES: Mapping[str, Fits] = {
    **dict.fromkeys(("reasoning_with_calls", "inline_refs", "ends_unmarked", "stream_options"), _SWITCH),
    **dict.fromkeys(("required", "system_role"), _TEXT),
    "reasoning_history": (lambda value: value is None or isinstance(value, str), "a name, or null"),
    "think_tags": (_strings, "a list of names"),
    "tool_call_id_length": (lambda value: value.__class__ is int and value > 0, "a number above 0"),
}


def _mapping(where: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        _wrong(where, value, "a mapping from names to values")
    return MappingProxyType(dict(value))


def _words(where: str, value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or not value.strip()):
        _wrong(where, value, "text, or null")
    return value


_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "base_url": _address,
    "url_env": _variables,
    "key_env": _variables,
    "key_header": _header,
    "key_prefix": _prefix,
    "needs_key": _switch,
    "api": _api,
    "native": _native,
    "features": _mapping,
    "source": _words,
    "as_of": _words,
}
