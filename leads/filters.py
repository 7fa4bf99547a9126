"""What lists of clients and deals can be narrowed by."""

from datetime import datetime

import django_filters
from django.db.models import F, Q, QuerySet

from channels_platform.http.filters import InstantFilter, NamedFilter, WordFilter
from channels_platform.lib import clock
from leads.models import Deal, Dispute, Referral
from leads.states import LIVE, ReferralState


def parts_of_state(state: str, now: datetime) -> tuple[Q, ...]:
    """Return the conditions of which what is in a state at `now` fulfils one: it was written down, or is only due."""
    if state == ReferralState.FILED:
        return (Q(state=state) & (Q(lapse_at__isnull=True) | Q(lapse_at__gt=now)) & _open(now),)
    if state == ReferralState.VISITED:
        return (Q(state=state) & _open(now),)
    lapsed = Q(state=ReferralState.FILED, lapse_at__lte=now) & (
        Q(window_ends_at__isnull=True) | Q(window_ends_at__gte=F("lapse_at"))
    )
    if state == ReferralState.LAPSED:
        return Q(state=state), lapsed
    if state == ReferralState.EXPIRED:
        return Q(state=state), Q(state__in=list(LIVE), window_ends_at__lte=now) & ~lapsed
    return (Q(state=state),)


def _open(now: datetime) -> Q:
    return Q(window_ends_at__isnull=True) | Q(window_ends_at__gt=now)


class ReferralFilter(django_filters.FilterSet):
    """`parts`: for the list's page, where a state is two conditions that no index follows together."""

    project = NamedFilter(field_name="project__code")
    agency = NamedFilter(field_name="agency__code")
    broker = NamedFilter(field_name="broker__user__username")
    number = WordFilter(field_name="number")
    state = django_filters.ChoiceFilter(choices=Referral.State.choices, method="by_state")
    filed_from = InstantFilter(field_name="filed_at", lookup_expr="gte")
    filed_to = InstantFilter(field_name="filed_at", lookup_expr="lt")
    parts: tuple[Q, ...] = ()

    def by_state(self, referrals: QuerySet[Referral], name: str, state: str) -> QuerySet[Referral]:
        written, *due = parts_of_state(state, clock.now())
        if not due:
            return referrals.filter(written)
        self.parts = (written, *due)
        return referrals


class NaturalVisitFilter(django_filters.FilterSet):
    project = WordFilter(field_name="project__code")
    visited_from = InstantFilter(field_name="visited_at", lookup_expr="gte")
    visited_to = InstantFilter(field_name="visited_at", lookup_expr="lt")


class DealFilter(django_filters.FilterSet):
    project = WordFilter(field_name="project__code")
    number = WordFilter(field_name="number")
    state = django_filters.ChoiceFilter(choices=Deal.State.choices)
    subscribed_from = InstantFilter(field_name="subscribed_at", lookup_expr="gte")
    subscribed_to = InstantFilter(field_name="subscribed_at", lookup_expr="lt")


class DisputeFilter(django_filters.FilterSet):
    project = WordFilter(field_name="project__code")
    agency = WordFilter(field_name="agency__code")
    state = django_filters.ChoiceFilter(choices=Dispute.State.choices)
