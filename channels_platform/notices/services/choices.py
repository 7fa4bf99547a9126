"""What each person chooses to hear, where and when; and a project's robots."""

from collections.abc import Collection, Mapping
from datetime import time
from typing import Any

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid
from channels_platform.lib.names import clean_text
from channels_platform.notices.kinds import kinds_for
from channels_platform.notices.models import Channel, Preference, Robot, Wish
from channels_platform.notices.robots import check_address, send_text


@transactional
def choose_notices(
    *,
    person: Any,
    mailed: Collection[str],
    quiet_from: time | None = None,
    quiet_until: time | None = None,
    digest_at: time | None = None,
) -> None:
    """Keep which kinds a person wants by e-mail, and when they may be written to.

    Raises: Invalid `quiet_hours` where only one end of them is given.
    Writes: Preference, Wish, audit event `notices.chosen`.
    """
    if (quiet_from is None) != (quiet_until is None):
        field = "quiet_from" if quiet_from is None else "quiet_until"
        raise Invalid("quiet hours have two ends", code="quiet_hours", field=field)
    Preference.objects.update_or_create(
        person=person, defaults={"quiet_from": quiet_from, "quiet_until": quiet_until, "digest_at": digest_at}
    )
    Wish.objects.bulk_create(
        [
            Wish(person=person, kind=kind.name, channel=Channel.MAIL, wanted=kind.name in mailed)
            for kind in kinds_for(person)
        ],
        update_conflicts=True,
        unique_fields=["person", "kind", "channel"],
        update_fields=["wanted"],
    )
    record("notices.chosen", actor=person, target=person, after={"mailed": sorted(mailed)})


@transactional
def keep_robot(*, actor: Any, fields: Mapping[str, Any], robot: Robot | None = None) -> Robot:
    """Make or change a project's group robot; an address or secret that is not given stays as it is.

    Raises: Forbidden; Invalid `robot_address`.
    Writes: Robot, audit event `robot.created` or `robot.changed`.
    """
    require(actor, Can.EDIT_PROJECTS)
    kept = robot or Robot(created_at=clock.now())
    for name, value in fields.items():
        if name in ("address", "secret"):
            value = str(value or "").strip()
            if not value:
                continue
        setattr(kept, name, clean_text(value) if name == "name" else value)
    check_address(kept.address or "")
    kept.save()
    record(
        "robot.changed" if robot else "robot.created",
        actor=actor,
        target=kept,
        project=kept.project_id,
        after={"fields": sorted(fields), "active": kept.is_active},
    )
    return kept


def try_robot(*, actor: Any, robot: Robot, text: str) -> None:
    """Say a word in the group to see whether it arrives.

    Raises: Forbidden; OSError, RobotRefused.
    Writes: audit event `robot.tried`.
    """
    require(actor, Can.EDIT_PROJECTS)
    send_text(robot, text)
    record("robot.tried", actor=actor, target=robot, project=robot.project_id)
