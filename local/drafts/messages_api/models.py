"""What the offline server's Models API tells of each model. Pure."""

from local.drafts.messages_api.protocol import Json

MODELS = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5-2", "claude-fable-5-1")
EFFORTS = ("low", "medium", "high", "xhigh", "max")


def model_info(name: str) -> Json:
    """A current model: a window of a million tokens, adaptive thinking, every effort."""
    thinking = {"adaptive": True, "between_tools": True, "disabled": True, "enabled": False}
    return {
        "type": "model",
        "id": name,
        "display_name": f"{name} (offline drafts)",
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "max_input_tokens": 1_000_000,
        "max_tokens": 128_000,
        "capabilities": {
            "effort": {"supported": True} | {effort: {"supported": True} for effort in EFFORTS},
            "thinking": {
                "supported": True,
                "types": {kind: {"supported": supported} for kind, supported in thinking.items()},
            },
        },
    }
