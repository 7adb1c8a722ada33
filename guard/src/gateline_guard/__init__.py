"""A service's own door: only what the gateway vouches for comes in.

The law of this package: the standard library only, nothing of gateline, and whatever is not proven is refused.
The front door is `Guard`, with `GuardASGI` and `GuardWSGI` to stand before an application.
"""

from gateline_guard.asgi import GuardASGI
from gateline_guard.guard import Guard
from gateline_guard.proof import Proof, Refused
from gateline_guard.wsgi import GuardWSGI

__all__ = ["Guard", "GuardASGI", "GuardWSGI", "Proof", "Refused"]
