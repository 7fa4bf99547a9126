"""What waits for the reader: only what the reader can do something about."""

from datetime import timedelta
from typing import Any

from django.utils.translation import ngettext

from brokers.models import AgencyApplication, Agreement, Broker, Individual
from brokers.states import AgreementState, ApplicationState, IndividualState
from channels_platform.accounts.permissions import Can, may
from channels_platform.adminkit.cells import address
from channels_platform.dashboard.filters import Narrowed, within
from channels_platform.jobs.models import Job, JobState
from channels_platform.lib import clock
from commissions.models import Contest, ContestRound, PlanVersion
from commissions.states import ContestState, PlanState, RoundState
from leads.models import Dispute, RiskSignal
from leads.states import DisputeState, SignalState

RECENT = timedelta(days=7)


def waiting_for(user: Any, narrowed: Narrowed) -> list[dict[str, Any]]:
    """Return what waits, with how many and where to go: `{words, count, url}`; what is 0 is left out."""
    found = [count(user, narrowed) for act, count in _COUNTS if may(user, act)]
    return [{"count": count, "words": words(count) % {"n": count}, "url": url} for count, words, url in found if count]


def _agreements(user: Any, narrowed: Narrowed) -> tuple[int, Any, str]:
    drafts = Agreement.objects.filter(state=AgreementState.DRAFT).exclude(author=user)
    return (
        within(drafts, narrowed, agency="agency").count(),
        lambda n: ngettext("%(n)s agreement to approve", "%(n)s agreements to approve", n),
        address("brokers.agreement", state__exact=AgreementState.DRAFT),
    )


def _applications(user: Any, narrowed: Narrowed) -> tuple[int, Any, str]:
    waiting = AgencyApplication.objects.filter(state=ApplicationState.SUBMITTED)
    return (
        waiting.count() if narrowed.agency is None else 0,
        lambda n: ngettext("%(n)s agency wants to join", "%(n)s agencies want to join", n),
        address("brokers.agencyapplication", state__exact=ApplicationState.SUBMITTED),
    )


def _individuals(user: Any, narrowed: Narrowed) -> tuple[int, Any, str]:
    waiting = Individual.objects.filter(state=IndividualState.WAITING)
    return (
        within(waiting, narrowed, agency="broker__agency", project="link__programme__project").count(),
        lambda n: ngettext("%(n)s individual to confirm", "%(n)s individuals to confirm", n),
        address("brokers.individual", state__exact=IndividualState.WAITING),
    )


def _plans(user: Any, narrowed: Narrowed) -> tuple[int, Any, str]:
    drafts = PlanVersion.objects.filter(state=PlanState.DRAFT).exclude(author=user)
    return (
        within(drafts, narrowed, agency="plan__agency", project="plan__project").count(),
        lambda n: ngettext("%(n)s commission plan to approve", "%(n)s commission plans to approve", n),
        address("commissions.planversion", state__exact=PlanState.DRAFT),
    )


def _contests(user: Any, narrowed: Narrowed) -> tuple[int, Any, str]:
    drafts = Contest.objects.filter(state=ContestState.DRAFT).exclude(author=user)
    return (
        within(drafts, narrowed).count() if narrowed.agency is None else 0,
        lambda n: ngettext("%(n)s contest to approve", "%(n)s contests to approve", n),
        address("commissions.contest", state__exact=ContestState.DRAFT),
    )


def _rounds(user: Any, narrowed: Narrowed) -> tuple[int, Any, str]:
    over = ContestRound.objects.filter(state=RoundState.PROPOSED).exclude(contest__author=user)
    return (
        within(over, narrowed, project="contest__project").count() if narrowed.agency is None else 0,
        lambda n: ngettext("%(n)s contest round to approve", "%(n)s contest rounds to approve", n),
        address("commissions.contestround", state__exact=RoundState.PROPOSED),
    )


def _disputes(user: Any, narrowed: Narrowed) -> tuple[int, Any, str]:
    open_ones = Dispute.objects.exclude(state=DisputeState.DECIDED)
    return (
        within(open_ones, narrowed, agency="agency").count(),
        lambda n: ngettext("%(n)s dispute to decide", "%(n)s disputes to decide", n),
        address("leads.dispute", state__in=f"{DisputeState.OPEN},{DisputeState.PROPOSED}"),
    )


def _signals(user: Any, narrowed: Narrowed) -> tuple[int, Any, str]:
    open_ones = RiskSignal.objects.filter(state=SignalState.OPEN)
    return (
        within(open_ones, narrowed, agency="broker__agency").count(),
        lambda n: ngettext("%(n)s risk signal to judge", "%(n)s risk signals to judge", n),
        address("leads.risksignal", state__exact=SignalState.OPEN),
    )


def _probing(user: Any, narrowed: Narrowed) -> tuple[int, Any, str]:
    flagged = Broker.objects.filter(probing_flagged_at__gte=clock.now() - RECENT)
    return (
        flagged.filter(agency=narrowed.agency).count() if narrowed.agency else flagged.count(),
        lambda n: ngettext("%(n)s broker flagged for probing", "%(n)s brokers flagged for probing", n),
        address("brokers.broker", probing="yes"),
    )


def _jobs(user: Any, narrowed: Narrowed) -> tuple[int, Any, str]:
    failed = Job.objects.filter(state=JobState.FAILED, starter=user, created_at__gte=clock.now() - RECENT)
    return (
        failed.count(),
        lambda n: ngettext("%(n)s job of yours failed", "%(n)s jobs of yours failed", n),
        address("jobs.job", state__exact=JobState.FAILED),
    )


_COUNTS = (
    (Can.APPROVE_AGREEMENT, _agreements),
    (Can.EDIT_AGENCIES, _applications),
    (Can.EDIT_AGENCIES, _individuals),
    (Can.APPROVE_PLAN, _plans),
    (Can.APPROVE_CONTEST, _contests),
    (Can.APPROVE_CONTEST, _rounds),
    (Can.DECIDE_DISPUTE, _disputes),
    (Can.JUDGE_SIGNAL, _signals),
    (Can.EDIT_AGENCIES, _probing),
    (Can.SEE_ADMIN, _jobs),
)
