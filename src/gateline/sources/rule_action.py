"""Actions of listeners: forward, redirect, fixed-response (load-balancers.md sections 3 and 13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from gateline.model import codes
from gateline.model.load_balancer import Action, FixedResponse, Forward, Redirect, WeightedTargetGroup
from gateline.sources.balancer_values import NETWORK_GROUPS, OF_DATAGRAMS
from gateline.sources.login_assembly import final_action
from gateline.sources.project_action import ActionPart
from gateline.sources.project_balancer import ListenerPart, PassthroughPart
from gateline.sources.suggestion import did_you_mean
from gateline.sources.tree import Pointer
from gateline.sources.workbench import Workbench

_WITHOUT_BODY: Final = frozenset({204, 205})
"""Statuses whose answers have no body (RFC 9110 sections 15.3.5 and 15.3.6)."""

_REQUESTS: Final = ("HTTP", "HTTPS")


def _fitting(listener_protocol: str, *, network: bool) -> tuple[str, ...]:
    """The protocols of target groups that a listener forwards to."""
    return NETWORK_GROUPS.get(listener_protocol, ("TCP",)) if network else _REQUESTS


@dataclass(frozen=True, slots=True)
class ActionReader:
    """Makes the actions of listeners. `protocols`: of every target group; "" when it is not known."""

    bench: Workbench
    protocols: Mapping[str, str]

    def action(
        self, here: Pointer, parts: tuple[ActionPart, ...], listener: ListenerPart, *, network: bool
    ) -> Action | None:
        """The one action of the list at that place that answers; None when it was complained about."""
        at = final_action(self.bench, here, parts)
        if at is None:
            return None
        part, place = parts[at], (*here, at)
        before = self.bench.complaints.count
        if part.type == "forward":
            made: Action = self._forward(place, part, _fitting(listener.protocol, network=network))
            if network and part.group_stickiness is not None:
                message = "a network balancer has no cookies: target_group_stickiness_config is for application ones"
                self.bench.complain(codes.ACTION_INVALID, place, message)
            if network and listener.protocol in OF_DATAGRAMS and len(part.forwarded) > 1:
                message = f"a {listener.protocol} listener forwards to one target group"
                advice = "leave one; its targets share the flows"
                self.bench.complain(codes.ACTION_INVALID, place, message, advice=advice)
        elif network:
            message = f"a listener of a network balancer takes a forward only, no {part.type}"
            self.bench.complain(codes.ACTION_INVALID, (*place, "type"), message)
            return None
        elif part.type == "redirect":
            made = self._redirect(place, part, listener)
        else:
            made = self._fixed_response(place, part)
        return made if self.bench.complaints.count == before else None

    def _forward(self, place: Pointer, part: ActionPart, fitting: tuple[str, ...]) -> Forward:
        if part.target_group:
            self._check_group((*place, "target_group"), part.target_group, fitting)
            return Forward((WeightedTargetGroup(str(part.target_group)),))
        outer = (*place, "forward_config") if part.forward_config is not None else place
        for index, group in enumerate(part.forwarded):
            self._check_group((*outer, "target_groups", index, "name"), group.name, fitting)
        seconds = part.group_stickiness
        return Forward(
            tuple(WeightedTargetGroup(str(group.name), group.weight) for group in part.forwarded),
            timedelta(seconds=seconds) if seconds is not None else None,
        )

    def passthrough(self, here: Pointer, part: PassthroughPart) -> Forward | None:
        """Where connections go that the listener does not end; None when it was complained about."""
        before = self.bench.complaints.count
        for index, group in enumerate(part.target_groups):
            self._check_group((*here, "target_groups", index, "name"), group.name, NETWORK_GROUPS["TCP"])
        made = Forward(
            tuple(WeightedTargetGroup(str(group.name), group.weight) for group in part.target_groups)
        )
        return made if self.bench.complaints.count == before else None

    def _check_group(self, pointer: Pointer, name: str, fitting: tuple[str, ...]) -> None:
        protocol = self.protocols.get(name)
        if protocol is None:
            self.bench.complain(
                codes.TARGET_GROUP_NOT_DECLARED,
                pointer,
                f"the target group '{self.bench.shown(pointer, name)}' is not declared",
                advice=did_you_mean(name, self.protocols) or "declare it under target_groups",
            )
        elif protocol and protocol not in fitting:
            balancer = "an application" if fitting == _REQUESTS else "a network"
            self.bench.complain(
                codes.TARGET_GROUP_PROTOCOL,
                pointer,
                f"the protocol of the target group '{name}' is {protocol}; "
                f"{balancer} balancer forwards to {' or '.join(fitting)} only",
            )

    def _fixed_response(self, place: Pointer, part: ActionPart) -> FixedResponse:
        config = part.fixed_response_config
        source = config or part
        status = int(source.status_code)
        if status in _WITHOUT_BODY and source.message_body:
            outer = (*place, "fixed_response_config") if config else place
            message = f"an answer with status {status} has no body"
            advice = "leave message_body out, or choose another status_code"
            self.bench.complain(codes.ACTION_INVALID, (*outer, "message_body"), message, advice=advice)
        return FixedResponse(
            status_code=status, content_type=source.content_type, message_body=str(source.message_body)
        )

    def _redirect(self, place: Pointer, part: ActionPart, listener: ListenerPart) -> Redirect:
        source = part.redirect_config or part
        made = Redirect(
            protocol=str(source.protocol),
            host=str(source.host),
            port=str(source.port),
            path=str(source.path),
            query=str(source.query),
            status_code=int(source.status_code.removeprefix("HTTP_")),
        )
        stays = (
            made.protocol in {"#{protocol}", listener.protocol}
            and made.host == "#{host}"
            and made.port in {"#{port}", str(listener.port)}
            and made.path == "/#{path}"
        )
        if stays:
            self.bench.complain(
                codes.ACTION_INVALID,
                place,
                "the redirect leads to where it comes from",
                advice="at least one of protocol, host, port and path must change",
            )
        elif listener.protocol == "HTTPS" and made.protocol == "HTTP":
            message = "a redirect from HTTPS to HTTP is not taken"
            self.bench.complain(codes.ACTION_INVALID, place, message)
        return made
