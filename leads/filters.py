"""What lists of clients and deals can be narrowed by."""

import django_filters
from django.db.models import F, Q, QuerySet

from channels_platform.http.filters import InstantFilter, WordFilter
from channels_platform.lib import clock
from leads.models import Deal, Dispute, Referral
from leads.selectors import live_by_clock
from leads.states import LIVE, ReferralState


def in_state(referrals: QuerySet[Referral], state: str) -> QuerySet[Referral]:
    """Narrow to a state as it holds now, whatever the sweep has written down."""
    now = clock.now()
    if state in LIVE:
        return referrals.filter(live_by_clock(now), state=state)
    lapsed = Q(state=ReferralState.FILED, lapse_at__lte=now) & (
        Q(window_ends_at__isnull=True) | Q(window_ends_at__gte=F("lapse_at"))
    )
    if state == ReferralState.LAPSED:
        return referrals.filter(Q(state=state) | lapsed)
    if state == ReferralState.EXPIRED:
        return referrals.filter(Q(state=state) | (Q(state__in=list(LIVE), window_ends_at__lte=now) & ~lapsed))
    return referrals.filter(state=state)


class ReferralFilter(django_filters.FilterSet):
    project = WordFilter(field_name="project__code")
    agency = WordFilter(field_name="agency__code")
    broker = WordFilter(field_name="broker__user__username")
    number = WordFilter(field_name="number")
    state = django_filters.ChoiceFilter(choices=Referral.State.choices, method="by_state")
    filed_from = InstantFilter(field_name="filed_at", lookup_expr="gte")
    filed_to = InstantFilter(field_name="filed_at", lookup_expr="lt")

    def by_state(self, referrals: QuerySet[Referral], name: str, state: str) -> QuerySet[Referral]:
        return in_state(referrals, state)


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
