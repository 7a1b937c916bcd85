"""The control plane's lists: ListFoundationModels, ListInferenceProfiles, GetInferenceProfile.

Here: `Account`, which offers what the catalog knows, and profiles that a test adds. Called by: table.
Follows: the service model `bedrock/2023-04-20`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bedrock_llm.catalog.lookup import known_models, without_geo
from bedrock_llm.config import ModelConfig
from bedrock_llm.testing.emulator.operations.call import OperationCall
from bedrock_llm.testing.emulator.validate import Invalid
from bedrock_llm.testing.emulator.wire import Refusal

__all__ = ["Account"]

_MADE_AT = "2026-01-01T00:00:00Z"
_REGIONS: Mapping[str, tuple[str, ...]] = {
    "us": ("us-east-1", "us-west-2"),
    "eu": ("eu-central-1", "eu-west-1"),
    "us-gov": ("us-gov-west-1", "us-gov-east-1"),
    "global": ("us-east-1", ""),
}
_PROFILE_TYPES = ("SYSTEM_DEFINED", "APPLICATION")
_Item = dict[str, Any]


class Account:
    """What the account can reach.

    Attributes:
        page_size: Profiles on a page, at most.
        legacy: Ids of models that are listed as LEGACY.
    """

    def __init__(self, facts: Callable[[str], ModelConfig], region: str) -> None:
        self.page_size: int = 1000
        self.legacy: set[str] = set()
        self._facts = facts
        self._region = region
        self._added: list[_Item] = []

    def add_profile(self, name: str, *models: str) -> str:
        """Add an application inference profile over models of the account's region.

        Args:
            name: For people.
            models: Ids of the models behind it.

        Returns:
            Its ARN.
        """
        identity = f"{len(self._added) + 1:012d}"
        arn = f"arn:aws:bedrock:{self._region}:000000000000:application-inference-profile/{identity}"
        arns = [_model_arn(self._region, model) for model in models]
        self._added.append(_profile(identity, arn, name, "APPLICATION", arns))
        return arn

    def models(self, call: OperationCall) -> _Item:
        """ListFoundationModels' answer."""
        known = set(known_models())
        rows = [self._model(name, on_demand=name in known) for name in sorted(map(without_geo, known))]
        unique = {row["modelId"]: row for row in rows}.values()
        query = call.query
        wanted = {
            "providerName": query.get("byProvider"),
            "outputModalities": query.get("byOutputModality"),
            "inferenceTypesSupported": query.get("byInferenceType"),
            "customizationsSupported": query.get("byCustomizationType"),
        }
        return {"modelSummaries": [row for row in unique if _fits(row, wanted)]}

    def profiles(self, call: OperationCall) -> _Item:
        """ListInferenceProfiles' answer."""
        kind = call.query.get("type")
        if kind is not None and kind not in _PROFILE_TYPES:
            raise Invalid(f"Value '{kind}' at 'type' failed to satisfy constraint: {list(_PROFILE_TYPES)}")
        rows = [row for row in self._profiles() if kind in (None, row["type"])]
        size = min(int(call.query.get("maxResults", "100")), self.page_size)
        start = int(call.query.get("nextToken", "0"))
        answer: _Item = {"inferenceProfileSummaries": rows[start : start + size]}
        if start + size < len(rows):
            answer["nextToken"] = str(start + size)
        return answer

    def profile(self, call: OperationCall) -> _Item:
        """GetInferenceProfile's answer."""
        wanted = call.names["identifier"]
        for row in self._profiles():
            if wanted in (row["inferenceProfileId"], row["inferenceProfileArn"]):
                return row
        raise Refusal("ResourceNotFoundException", "The specified inference profile does not exist.", 404)

    def _profiles(self) -> list[_Item]:
        return [self._system(name) for name in known_models() if without_geo(name) != name] + self._added

    def _system(self, name: str) -> _Item:
        base = without_geo(name)
        geo = name.removesuffix(f".{base}")
        arns = [_model_arn(region, base) for region in _REGIONS.get(geo, (self._region,))]
        arn = f"arn:aws:bedrock:{self._region}:000000000000:inference-profile/{name}"
        return _profile(name, arn, f"{geo.upper()} {base}", "SYSTEM_DEFINED", arns)

    def _model(self, name: str, *, on_demand: bool) -> _Item:
        config = self._facts(name)
        seen = ["TEXT", "IMAGE"] if config.feature("images") else ["TEXT"]
        return {
            "modelArn": _model_arn(self._region, name),
            "modelId": name,
            "modelName": name.partition(".")[2],
            "providerName": name.partition(".")[0].capitalize(),
            "inputModalities": seen,
            "outputModalities": ["TEXT"],
            "responseStreamingSupported": config.feature("streaming") is not False,
            "customizationsSupported": [],
            "inferenceTypesSupported": ["ON_DEMAND" if on_demand else "INFERENCE_PROFILE"],
            "modelLifecycle": {
                "status": "LEGACY" if name in self.legacy else "ACTIVE",
                "startOfLifeTime": _MADE_AT,
            },
        }


def _model_arn(region: str, model: str) -> str:
    return f"arn:aws:bedrock:{region}::foundation-model/{model}"


def _profile(identity: str, arn: str, name: str, kind: str, models: list[str]) -> _Item:
    return {
        "inferenceProfileId": identity,
        "inferenceProfileArn": arn,
        "inferenceProfileName": name,
        "type": kind,
        "status": "ACTIVE",
        "models": [{"modelArn": model} for model in models],
        "createdAt": _MADE_AT,
        "updatedAt": _MADE_AT,
    }


def _fits(row: Mapping[str, Any], wanted: Mapping[str, str | None]) -> bool:
    for name, word in wanted.items():
        found = row[name]
        if word is not None and (word not in found if isinstance(found, list) else word.lower() != found.lower()):
            return False
    return True
