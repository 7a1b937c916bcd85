"""What an account can reach: foundation models and inference profiles.

Here: the values, read from what the control plane answers. Not here: asking it (control_plane.py). Called by:
control_plane, door, `bedrock-llm models --account`.
Follows: the service model `bedrock/2023-04-20`, FoundationModelSummary and InferenceProfileSummary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, ClassVar

from bedrock_llm.codecs.shared.reading import Json, list_of, object_of, string_of
from bedrock_llm.operations.reading import INSTANT, flag, instant, member, word, words
from bedrock_llm.values import TUPLE, Converter, Value, frozen

__all__ = ["FoundationModel", "InferenceProfile", "read_model", "read_profile"]

ON_DEMAND = "ON_DEMAND"
_GEOS = ("us-gov", "us", "eu")  # where the regions' names and the geographic profiles begin alike


@frozen
class FoundationModel(Value):
    """A model that the account's region offers.

    Attributes:
        id: e.g. `anthropic.claude-sonnet-4-6`.
        arn: Its ARN.
        name: For people, or None.
        provider: Who made it, or None.
        input_modalities: `TEXT`, `IMAGE` ...
        output_modalities: `TEXT`, `IMAGE`, `EMBEDDING` ...
        streaming: Whether it streams, or None.
        inference_types: `ON_DEMAND`, `PROVISIONED`, `INFERENCE_PROFILE` ...; see `on_demand`.
        customizations: `FINE_TUNING` ...
        status: `ACTIVE` or `LEGACY`, or None.
        started_at: When it became available, or None.
        legacy_at: When it becomes legacy, or None.
        ends_at: When it ends, or None.
        raw: As it came, times as text.
    """

    converters: ClassVar[Mapping[str, Converter]] = {
        "input_modalities": TUPLE,
        "output_modalities": TUPLE,
        "inference_types": TUPLE,
        "customizations": TUPLE,
        "started_at": INSTANT,
        "legacy_at": INSTANT,
        "ends_at": INSTANT,
    }
    id: str
    arn: str | None = None
    name: str | None = None
    provider: str | None = None
    input_modalities: tuple[str, ...] = ()
    output_modalities: tuple[str, ...] = ()
    streaming: bool | None = None
    inference_types: tuple[str, ...] = ()
    customizations: tuple[str, ...] = ()
    status: str | None = None
    started_at: datetime | None = None
    legacy_at: datetime | None = None
    ends_at: datetime | None = None
    raw: Any = field(default=None, compare=False, repr=False)

    @property
    def on_demand(self) -> bool | None:
        """Whether it can be asked by its own id; False where only through a profile. None where it is not said."""
        return ON_DEMAND in self.inference_types if self.inference_types else None


@frozen
class InferenceProfile(Value):
    """A way to models in one or several regions.

    Attributes:
        id: e.g. `us.anthropic.claude-sonnet-4-6`, or the opaque id of an application's own.
        arn: Its ARN.
        name: For people, or None.
        type: `SYSTEM_DEFINED` or `APPLICATION`, or None.
        status: `ACTIVE`, or None.
        model_arns: The models behind it, one per region.
        description: For people, or None.
        created_at: When it was made, or None.
        updated_at: When it was changed, or None.
        raw: As it came, times as text.
    """

    converters: ClassVar[Mapping[str, Converter]] = {
        "model_arns": TUPLE,
        "created_at": INSTANT,
        "updated_at": INSTANT,
    }
    id: str
    arn: str | None = None
    name: str | None = None
    type: str | None = None
    status: str | None = None
    model_arns: tuple[str, ...] = ()
    description: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    raw: Any = field(default=None, compare=False, repr=False)

    @property
    def model_ids(self) -> tuple[str, ...]:
        """The ids of the models behind it, each once."""
        return tuple(dict.fromkeys(arn.rpartition("/")[2] for arn in self.model_arns))

    @property
    def base_model(self) -> str | None:
        """The name whose facts and prices are those of this profile; None where it holds no model, or several.

        It is the model's id, with the prefix of the geographic profile where the models stand in several regions of
        the US or of Europe, or everywhere, as prices may depend on it.
        """
        if len(self.model_ids) != 1:
            return None
        regions = {arn.split(":")[3] for arn in self.model_arns if arn.count(":") >= 5}
        name = self.model_ids[0]
        if "" in regions:
            return f"global.{name}"
        geos = {next((geo for geo in _GEOS if region.startswith(f"{geo}-")), None) for region in regions}
        geo = geos.pop() if len(regions) > 1 and len(geos) == 1 else None
        return name if geo is None else f"{geo}.{name}"


def read_model(value: Json) -> FoundationModel:
    """A model out of ListFoundationModels.

    Raises:
        ProtocolError: It is none.
    """
    data = object_of(value, "modelSummaries")
    life = member(data, "modelLifecycle")
    return FoundationModel(
        id=string_of(data.get("modelId"), "modelId"),
        arn=word(data, "modelArn"),
        name=word(data, "modelName"),
        provider=word(data, "providerName"),
        input_modalities=words(data, "inputModalities"),
        output_modalities=words(data, "outputModalities"),
        streaming=flag(data, "responseStreamingSupported"),
        inference_types=words(data, "inferenceTypesSupported"),
        customizations=words(data, "customizationsSupported"),
        status=word(life, "status"),
        started_at=instant(life.get("startOfLifeTime")),
        legacy_at=instant(life.get("legacyTime")),
        ends_at=instant(life.get("endOfLifeTime")),
        raw=data,
    )


def read_profile(value: Json) -> InferenceProfile:
    """A profile out of ListInferenceProfiles or GetInferenceProfile.

    Raises:
        ProtocolError: It is none.
    """
    data = object_of(value, "inferenceProfileSummaries")
    arns = (word(object_of(entry, "models"), "modelArn") for entry in list_of(data.get("models"), "models"))
    return InferenceProfile(
        id=string_of(data.get("inferenceProfileId"), "inferenceProfileId"),
        arn=word(data, "inferenceProfileArn"),
        name=word(data, "inferenceProfileName"),
        type=word(data, "type"),
        status=word(data, "status"),
        model_arns=tuple(arn for arn in arns if arn is not None),
        description=word(data, "description"),
        created_at=instant(data.get("createdAt")),
        updated_at=instant(data.get("updatedAt")),
        raw=data,
    )
