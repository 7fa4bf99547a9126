"""One busy day at the desk, the same in every table, and the people who look at it: their phones can be searched for."""

from datetime import timedelta

ARRIVALS = 500
FEW = 25  # this many clients share their last four digits; several brokers filed the first of them
LAST_FOUR = "8888"
SHARED_PHONE = "13812348888"
BROKER, MANAGER, DESK, STAFF = "bench-0-0", "bench-manager", "bench-desk", "bench-0"


def build() -> None:
    """Make the people, and a day of `ARRIVALS` clients: a third came, a third is expected, a third missed."""
    from brokers.models import Agency, Broker
    from brokers.services.agencies import create_broker
    from channels_platform.accounts.models import User
    from channels_platform.lib import clock
    from channels_platform.privacy.services import keep_phones
    from leads.models import Consultant, Referral, ReferralPhone, Visit
    from projects.models import Project

    project, now = Project.objects.get(code="BENCH"), clock.now()
    noon = now.astimezone(project.zone).replace(hour=12, minute=0)
    author = User.objects.get(username=STAFF)
    create_broker(
        actor=author, agency=Agency.objects.get(code="BA0"), username=MANAGER, name="Manager", role="agency_admin"
    )
    desk = User.objects.create(username=DESK, role="reception")
    desk.projects.add(project)
    consultant = Consultant.objects.create(
        user=User.objects.create(username="bench-consultant", role="consultant"), project=project
    )
    brokers = list(Broker.objects.filter(user__username__regex=r"^bench-\d-\d$").order_by("user__username"))
    numbers = [_number(n) for n in range(ARRIVALS)]
    kept = keep_phones(numbers)
    policy = project.policies.get()
    rows = [
        Referral(
            number=f"T-{n:06}", project=project, policy=policy, agency_id=broker.agency_id, broker=broker,
            client_name="欧阳修", client_masked="欧阳**", party_size=3, state="visited" if n % 3 == 0 else "filed",
            filed_at=noon - timedelta(days=1, seconds=n), filed_on=(noon - timedelta(days=1)).date(),
            lapse_at=noon + (timedelta(days=-1) if n % 50 == 2 else timedelta(days=2)), window_starts_at=noon - timedelta(days=1, seconds=n),
            window_ends_at=noon + timedelta(days=29),
            expected_arrival=noon + timedelta(minutes=n % 300) * (1 if n % 3 == 1 else -1) - timedelta(hours=n % 3 == 2),
        )
        for n in range(ARRIVALS) for broker in [brokers[n % len(brokers)]]
    ]  # fmt: skip
    Referral.objects.bulk_create(rows)
    ReferralPhone.objects.bulk_create(
        ReferralPhone(
            referral=row, phone=kept[number], masked=kept[number].masked, position=0, added_at=row.filed_at
        )
        for row, number in zip(rows, numbers, strict=True)
    )  # fmt: skip
    Visit.objects.bulk_create(
        Visit(
            referral=one, project=project, arrived_at=noon - timedelta(minutes=n), local_on=noon.date(), confirmed=True,
            received_by=desk, consultant=consultant,
        )
        for n, one in enumerate(rows) if one.state == "visited"
    )  # fmt: skip


def _number(n: int) -> str:
    if n < 3:
        return f"+86{SHARED_PHONE}"
    return f"+86139{n:04}{LAST_FOUR}" if n < FEW else f"+86137{n:04}{n:04}"
