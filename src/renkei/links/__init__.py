"""L: links, the layers that hold parameters, by family.

Each family is a module of the same name; this table says which names it defines.
"""

from renkei._lazy import lazy

_FAMILIES = {
    "chain": "Chain ChainList Sequential",
    "linear": "Linear",
    "link": "Link State",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
