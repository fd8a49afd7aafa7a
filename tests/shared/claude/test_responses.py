"""What is read from a stream of Claude's: text, counters, and what an unfinished answer took."""

import pytest
from anthropic.types import (
    InputJSONDelta,
    Message,
    MessageDeltaUsage,
    OutputTokensDetails,
    RawContentBlockDeltaEvent,
    RawMessageDeltaEvent,
    RawMessageStartEvent,
    RawMessageStopEvent,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from anthropic.types.raw_message_delta_event import Delta

from shared.claude.responses import Reading
from shared.errors import CallInterrupted, CallRefused


def begun() -> Reading:
    """A stream that has thought and said something."""
    reading = Reading()
    usage = Usage(input_tokens=10, cache_creation_input_tokens=200, cache_read_input_tokens=3_000, output_tokens=1)
    message = Message.construct(id="msg_1", model="claude-sonnet-5-5", usage=usage)
    reading.take(RawMessageStartEvent(type="message_start", message=message))
    for delta in (ThinkingDelta(type="thinking_delta", thinking="Hm."), TextDelta(type="text_delta", text="# Orders")):
        reading.take(RawContentBlockDeltaEvent(type="content_block_delta", index=0, delta=delta))
    return reading


def end(reading: Reading, stop_reason: str) -> None:
    usage = MessageDeltaUsage(output_tokens=500, output_tokens_details=OutputTokensDetails(thinking_tokens=120))
    delta = Delta.construct(stop_reason=stop_reason)
    reading.take(RawMessageDeltaEvent(type="message_delta", delta=delta, usage=usage))
    reading.take(RawMessageStopEvent(type="message_stop"))


def test_tokens_of_every_kind_are_counted():
    reading = begun()
    end(reading, "end_turn")
    part = reading.part("req_1")
    assert (part.text, part.model, part.message_id) == ("# Orders", "claude-sonnet-5-5", "msg_1")
    usage = part.usage
    assert (usage.input_tokens, usage.cache_write_tokens, usage.cache_read_tokens) == (10, 200, 3_000)
    assert (usage.output_tokens, usage.thinking_tokens, usage.longest_prompt_tokens) == (500, 120, 3_210)


def test_a_stream_that_breaks_off_says_what_it_took():
    with pytest.raises(CallInterrupted) as interrupted:
        begun().part(None)
    assert interrupted.value.spent
    assert interrupted.value.spent.all_input_tokens == 3_210
    assert interrupted.value.spent.first_token_seconds == 0, "there was no answer to wait for"


def test_a_refusal_is_billed_too():
    reading = begun()
    end(reading, "refusal")
    with pytest.raises(CallRefused) as refused:
        reading.part("req_1")
    assert refused.value.spent
    assert refused.value.spent.output_tokens == 500


def test_what_is_not_text_is_not_text():
    reading = begun()
    delta = InputJSONDelta(type="input_json_delta", partial_json="{}")
    reading.take(RawContentBlockDeltaEvent(type="content_block_delta", index=0, delta=delta))
    end(reading, "end_turn")
    assert reading.part(None).text == "# Orders"
