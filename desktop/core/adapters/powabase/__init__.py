"""What Powabase speaks."""

from desktop.core.adapters.powabase.adapter import PowabaseAdapter

__all__ = ["PowabaseAdapter"]
