"""`bedrock-llm models --account`: what the account can reach.

Here: the table of models and profiles, and its JSON. Not here: asking for them (operations/), what is known of each
model without asking (models.py). Called by: models.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bedrock_llm.cli.report import json_line
from bedrock_llm.cli.running import run_async
from bedrock_llm.cli.terminal import AnswerOutput, note

if TYPE_CHECKING:
    from bedrock_llm.operations import FoundationModel, InferenceProfile

__all__ = ["list_account"]

_HEADINGS = ("NAME", "KIND", "STATUS", "IN", "OUT", "ASKED BY")
_UNKNOWN = "-"
_Lists = tuple["tuple[FoundationModel, ...]", "tuple[InferenceProfile, ...]"]


def list_account(words: Sequence[str], places: dict[str, str], *, as_json: bool) -> int:
    """Print the models and profiles of the account whose names hold all of `words`.

    Args:
        words: In lower case.
        places: Of `BedrockProvider`: `region`, `profile`, `base_url`; where they were given.
        as_json: Print a JSON object with two arrays instead of the table.
    """
    models, profiles = run_async(lambda: _ask(places))
    models = tuple(model for model in models if _holds(words, model.id, model.name))
    profiles = tuple(profile for profile in profiles if _holds(words, profile.id, profile.name))
    output = AnswerOutput()
    if as_json:
        output.write(json_line({"models": list(map(_model, models)), "profiles": list(map(_profile, profiles))}))
        output.end_line()
    elif models or profiles:
        output.write(_table([*map(_model_cells, models), *map(_profile_cells, profiles)]))
        note(f"{len(models)} models and {len(profiles)} inference profiles; access to each is granted apart")
    else:
        note("the account has no such model or profile in this region")
    return 0


async def _ask(places: dict[str, str]) -> _Lists:
    from bedrock_llm.operations.caller import OwnServices
    from bedrock_llm.operations.control_plane import ControlPlane
    from bedrock_llm.providers.bedrock import BedrockProvider

    control = ControlPlane(BedrockProvider(**places), OwnServices(), time.time)  # type: ignore[arg-type]  # strings
    return await control.list_foundation_models(), await control.list_inference_profiles()


def _holds(words: Sequence[str], *names: str | None) -> bool:
    text = " ".join(name for name in names if name).lower()
    return all(word in text for word in words)


def _model(model: FoundationModel) -> dict[str, Any]:
    return {
        "name": f"bedrock/{model.id}",
        "arn": model.arn,
        "title": model.name,
        "provider": model.provider,
        "status": model.status,
        "input_modalities": list(model.input_modalities),
        "output_modalities": list(model.output_modalities),
        "streaming": model.streaming,
        "on_demand": model.on_demand,
        "inference_types": list(model.inference_types),
    }


def _profile(profile: InferenceProfile) -> dict[str, Any]:
    return {
        "name": f"bedrock/{profile.arn if _is_application(profile) else profile.id}",
        "arn": profile.arn,
        "title": profile.name,
        "type": profile.type,
        "status": profile.status,
        "models": list(profile.model_ids),
    }


def _is_application(profile: InferenceProfile) -> bool:
    """Such a profile is asked by its ARN: its id is opaque."""
    return profile.type == "APPLICATION" and profile.arn is not None


def _model_cells(model: FoundationModel) -> tuple[str, ...]:
    asked = {True: "its id", False: "a profile", None: _UNKNOWN}[model.on_demand]
    seen, made = (",".join(words).lower() or _UNKNOWN for words in (model.input_modalities, model.output_modalities))
    return (f"bedrock/{model.id}", "model", model.status or _UNKNOWN, seen, made, asked)


def _profile_cells(profile: InferenceProfile) -> tuple[str, ...]:
    name = _profile(profile)["name"]
    return (name, "profile", profile.status or _UNKNOWN, _UNKNOWN, _UNKNOWN, "its ARN" if "arn:" in name else "its id")


def _table(rows: list[tuple[str, ...]]) -> str:
    lines = [_HEADINGS, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() + "\n"
        for cells in lines
    )
