"""From the options of `setpoint simulate` to the settings of a data set; what is wrong is one clear line.

Options say what a preset does not. `--set name=value` reaches every other field of the settings.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from blocks.errors import SpecError
from blocks.loading import validate
from sim.networks.presets import LADDER, type_ladder
from sim.networks.settings import DataSettings


def settings_from(
    options: Mapping[str, Any], *, types: int | None, assignments: Iterable[str]
) -> DataSettings:
    """The settings that the options describe.

    Args:
        options: Field to value; None where an option was not given, text where it is a list.
        types: Number of metabolite types, where it was given.
        assignments: `name=value` each.

    Raises:
        SpecError: A name or value breaks a rule.
    """
    values = {name: _value(name, value) for name, value in options.items() if value is not None}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or name not in DataSettings.model_fields:
            known = ", ".join(DataSettings.model_fields)
            raise SpecError(f"--set: must be name=value with one of {known}, but got {assignment!r}")
        if name in values:
            raise SpecError(f"--set: {name} must be given once, but is given by its own option or twice")
        values[name] = _value(name, text)
    return validate(DataSettings, {**values, **_types(values, types)})


def _types(values: Mapping[str, Any], types: int | None) -> dict[str, Any]:
    """lambda and baseline of so many types, where they are not given themselves."""
    if types is None:
        return {}
    if "decay" in values:
        if len(values["decay"]) != types:
            raise SpecError(
                f"--types: must be as many as --decay has ({len(values['decay'])}), but got {types}; "
                "leave --types out"
            )
        return {}
    if not 1 <= types <= LADDER:
        raise SpecError(f"--types: must be 1 .. {LADDER} without --decay and --baseline, but got {types}")
    preset = validate(DataSettings, {"preset": values["preset"]})
    if not preset.decay[0]:
        raise SpecError(
            f"--types: must come with --decay and --baseline for {preset.preset}, which has no regulation, "
            f"but got {types} alone"
        )
    decay, baseline = type_ladder(types, first=preset.decay[0])
    return {"decay": decay} | ({} if "baseline" in values else {"baseline": baseline})


def _value(name: str, given: Any) -> Any:
    """Text as a number, a list, true or false, or text, whatever the field is."""
    if not isinstance(given, str):
        return given
    if "tuple" not in str(DataSettings.model_fields[name].annotation):
        return given  # the settings read numbers out of text
    return tuple(_number(part) for part in given.strip("[] ").split(",") if part.strip())


def _number(text: str) -> Any:
    try:
        value = float(text)
    except ValueError:
        return text.strip()
    return int(value) if value.is_integer() else value
