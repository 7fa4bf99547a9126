"""A text message as carriers get it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Message:
    """`to` is E.164. `template` and `values` are for gateways that send approved templates only; `text` for the rest.

    `id` is the same at each attempt, so that a gateway can tell a second one from a new message. Neither number nor
    text shows in a representation: that is what ends up in logs.
    """

    id: str
    to: str = field(repr=False)
    text: str = field(repr=False)
    template: str
    values: dict[str, str] = field(repr=False, default_factory=dict)
