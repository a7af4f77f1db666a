"""What these tests share with those of the services."""

from tests.services.conftest import real_keyring

__all__ = ["real_keyring"]
