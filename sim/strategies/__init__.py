"""Training strategies: small objects that slots compose by name."""

from sim.strategies.base import Strategy
from sim.strategies.registry import catalog

__all__ = ["Strategy", "catalog"]
