"""What is in hand today: who is on duty this week, how clients are looked after and kept longer, who wants to join."""

import io
from datetime import timedelta
from random import Random

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

from brokers.services.joining import apply_as_agency, ask_for_more
from channels_platform.lib import clock
from commissions.demo.phones import PREFIX
from commissions.demo.staging import Stage
from leads.models import Consultant, Referral
from leads.services.bulk import ask_bulk, carry_out
from leads.services.care import follow_up
from leads.services.roster import set_roster
from leads.states import BulkKind, ReferralState, Shift
from projects.services.projects import change_project

_SAID = (
    ("A", "看过样板间，周末带家人再来。Wants the south side."),
    ("B", "对价格有顾虑，已发送付款方案。"),
    ("C", "还在比较隔壁楼盘。Comparing with a neighbour."),
    ("B", "关心学区与交楼时间，已答复。"),
    ("D", "暂不考虑，半年后再联系。"),
)
_FOLLOWED_UP = 5
_POOL_AFTER_DAYS = 21
_KEPT_LONGER, _DAYS_LONGER = 8, 7


def leave_in_hand(stage: Stage, *, rng: Random) -> None:
    """Leave this week's roster, follow-ups of each consultant's latest clients, an extension, and two applications.

    Writes: through the services.
    """
    for code, consultants in stage.consultants.items():
        project = stage.projects[code]
        on_site = [one for one in consultants if one.user.is_active]
        today = clock.local_date(clock.now(), project.zone)
        monday = today - timedelta(days=today.weekday())
        for day in range(7):
            shifts = {one.pk: _shift(place + day) for place, one in enumerate(on_site)}
            set_roster(actor=stage.staff["marketing"], project=project, day=monday + timedelta(days=day), shifts=shifts)
        for one in on_site:
            _look_after(one, rng)
        change_project(actor=stage.staff["marketing"], project=project, pool_after_days=_POOL_AFTER_DAYS)
    _keep_longer(stage)
    _want_to_join(stage)


def _shift(place: int) -> str:
    return (Shift.WHOLE, Shift.EARLY, Shift.LATE, Shift.WHOLE)[place % 4]


def _look_after(consultant: Consultant, rng: Random) -> None:
    """Some are to be in touch with today, some are overdue, some later."""
    now = clock.now()
    then = now - timedelta(days=3)
    mine = Referral.objects.filter(
        consultant=consultant, state=ReferralState.VISITED, first_visited_at__lt=now, window_ends_at__gt=now
    )
    for place, referral in enumerate(mine.select_related("project").order_by("-first_visited_at")[:_FOLLOWED_UP]):
        came = referral.first_visited_at or then
        at = min(max(then, came + timedelta(hours=1)), now)
        grade, note = _SAID[(place + rng.randrange(2)) % len(_SAID)]
        next_on = max(clock.local_date(at, referral.project.zone), now.date() + timedelta(days=place - 1))
        with clock.at(at):
            follow_up(actor=consultant.user, referral=referral, grade=grade, note=note, next_on=next_on)


def _keep_longer(stage: Stage) -> None:
    """The manager let some clients of Golden Lake stay protected for longer."""
    manager = stage.staff["manager"]
    mine = Referral.objects.filter(
        project=stage.projects["LAKE"], state=ReferralState.VISITED, window_ends_at__gt=clock.now()
    )
    chosen = list(mine.order_by("-filed_at", "-pk").values_list("pk", flat=True)[:_KEPT_LONGER])
    if chosen:
        reason = "样板间维修，顺延。The show flat was closed."
        carry_out(act=ask_bulk(actor=manager, kind=BulkKind.EXTEND, referrals=chosen, reason=reason, days=_DAYS_LONGER))


def _want_to_join(stage: Stage) -> None:
    """One waits for an answer, one was asked for more."""
    for place, (name, contact) in enumerate((("晨光房产 Dawn Homes", "罗敏"), ("海岸置业 Coast Realty", "高远"))):
        with clock.at(clock.now() - timedelta(days=place + 1, hours=2)):
            application = apply_as_agency(
                name=name,
                kind="referral",
                licence_no=f"DEMO-JOIN-{place + 1}",
                bank_name="示例银行 Example Bank",
                bank_account=f"0000000000{place:04d}",
                contact_name=contact,
                contact_phone=f"{PREFIX}00000",
                contact_email=f"join{place + 1}@example.com",
                files=[_licence(name)],
            )
        if place:
            with clock.at(clock.now() - timedelta(hours=5)):
                ask_for_more(
                    actor=stage.staff["marketing"],
                    application=application,
                    asked="执照背面照片。The back of the licence.",
                )


def _licence(name: str) -> SimpleUploadedFile:
    picture, out = Image.new("RGB", (800, 560), "white"), io.BytesIO()
    draw = ImageDraw.Draw(picture)
    draw.rectangle((20, 20, 780, 540), outline="teal", width=6)
    draw.text(
        (60, 80), f"DEMO LICENCE\n\n{name.encode('ascii', 'ignore').decode().strip()}", fill="black", font_size=36
    )
    picture.save(out, "PNG")
    return SimpleUploadedFile("licence.png", out.getvalue())
