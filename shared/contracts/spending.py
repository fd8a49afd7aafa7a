"""What calls to Claude take, what that costs, and the most that a run may spend."""

from dataclasses import dataclass, fields
from typing import Any, Self, cast

from shared.contracts.payload import Payload, plain


@dataclass(frozen=True)
class Usage(Payload):
    """What calls to Claude took. Tokens as the API bills them; `seconds` of wall clock.

    `thinking_tokens` are part of `output_tokens`. `attempts` counts every try, `reused` the answers
    that an earlier run had paid for. `first_token_seconds` adds up over `calls`; `longest_prompt_tokens` is the longest
    single request's, because some models price by it. `batched` is the part of all this that came in batches, at half
    price. Fields are only ever added at the end: see `to_value`.
    """

    calls: int = 0
    input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    thinking_tokens: int = 0
    attempts: int = 0
    reused: int = 0
    first_token_seconds: float = 0.0
    longest_prompt_tokens: int = 0
    batched: "Usage | None" = None

    def to_value(self) -> list[Any]:
        """The numbers in the order of the fields, without the zeros at the end; of what was batched, such a list."""
        numbers = [plain(getattr(self, field.name)) for field in fields(self)]
        while numbers and not numbers[-1]:
            numbers.pop()
        return numbers

    @classmethod
    def from_value(cls, value: Any) -> Self:
        """Rebuild from that list."""
        names = [field.name for field in fields(cls)]
        if not isinstance(value, list) or len(cast(list[Any], value)) > len(names):
            raise ValueError(f"Usage: expected a list of at most {len(names)} numbers")
        return cls.from_dict(dict(zip(names, cast(list[Any], value), strict=False)))

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            seconds=round(self.seconds + other.seconds, 3),
            thinking_tokens=self.thinking_tokens + other.thinking_tokens,
            attempts=self.attempts + other.attempts,
            reused=self.reused + other.reused,
            first_token_seconds=round(self.first_token_seconds + other.first_token_seconds, 3),
            longest_prompt_tokens=max(self.longest_prompt_tokens, other.longest_prompt_tokens),
            batched=self.batched + other.batched if self.batched and other.batched else self.batched or other.batched,
        )

    @property
    def all_input_tokens(self) -> int:
        """Everything the model read, cached or not."""
        return self.input_tokens + self.cache_write_tokens + self.cache_read_tokens

    @property
    def tokens(self) -> int:
        """Everything that was read and written."""
        return self.all_input_tokens + self.output_tokens


@dataclass(frozen=True)
class ModelPrice(Payload):
    """A model's price in US dollars per million tokens.

    A request whose prompt is longer than `long_prompt_tokens` costs `long_prompt_factor` times as much, all of it;
    0 means that length does not matter.
    """

    model: str
    input: float
    output: float
    cache_write: float
    cache_read: float
    long_prompt_tokens: int = 0
    long_prompt_factor: float = 1.0


@dataclass(frozen=True)
class Prices(Payload):
    """What models cost as of a day (ISO 8601). A run keeps the prices it was started with."""

    as_of: str = ""
    models: tuple[ModelPrice, ...] = ()


@dataclass(frozen=True)
class Cap(Payload):
    """The most that a run may spend, in tokens and in US dollars. 0 means that there is no such cap."""

    tokens: int = 0
    usd: float = 0.0
