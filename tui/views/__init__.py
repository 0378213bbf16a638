"""The views, a folder for each, and what they have in common.

Their keys are gathered before any of them is made: a view binds what is in the table.
"""

from . import registry as registry
