"""Who belongs to a target group now, and who did and still finishes what it has begun (load-balancers.md 8.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from gateline.model.target_group import Registration


@dataclass(slots=True, eq=False)
class Membership:
    """The targets of one group, from one source.

    `registered`: those of now; `leaving`: those that drain, with the time at which they are gone.
    """

    registered: Mapping[Registration, None] = field(default_factory=dict)
    leaving: dict[Registration, float] = field(default_factory=dict)

    def take(self, registered: Iterable[Registration], *, now: float, delay: timedelta) -> bool:
        """Let these be the targets; who is none any more drains, and who is back does not drain any more.

        Args:
            registered: the targets of now.
            now: seconds of any clock.
            delay: how long one drains: the group's deregistration delay.

        Returns:
            Whether they are others than before.

        """
        taken = dict.fromkeys(registered)
        places = {_place(each) for each in taken}
        for each in self.registered:
            if _place(each) not in places:
                self.leaving.setdefault(replace(each, draining=True), now + delay.total_seconds())
        self.leaving = {
            each: until for each, until in self.leaving.items() if until > now and _place(each) not in places
        }
        is_change = taken.keys() != self.registered.keys()
        self.registered = taken
        return is_change


def _place(registration: Registration) -> tuple[str, int]:
    return registration.address, registration.port
