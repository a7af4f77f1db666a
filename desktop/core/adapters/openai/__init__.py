"""What an OpenAI-compatible server speaks."""

from desktop.core.adapters.openai.adapter import OpenAIAdapter

__all__ = ["OpenAIAdapter"]
