"""What Agent Manager (Procurator) speaks."""

from desktop.core.adapters.procurator.adapter import ProcuratorAdapter

__all__ = ["ProcuratorAdapter"]
