"""The screen: text streaming from a model, its knobs and its curves. Never imports torch."""

import charlm  # noqa: F401  # before all else: it leaves the working folder, where anything may lie
