"""Filters of clients and deals: by where they stand now, by whose they are."""

from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter

from brokers.models import Agency
from channels_platform.adminkit.filters import ChoiceFilter
from channels_platform.adminkit.refusals import WORDS
from channels_platform.lib import clock
from leads.models import DealShare, Referral
from leads.states import LIVE, Reason, ReferralState


class StateFilter(ChoiceFilter):
    """By the state that holds now, whatever the sweep has written yet."""

    title = gettext_lazy("state")
    parameter_name = "state"
    options = tuple(Referral.State.choices)

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        now = clock.now()
        over = Q(state__in=list(LIVE), window_ends_at__lte=now)
        # Where lapse and end of the window are both past, the earlier happened; at one instant, the lapse.
        lapsed = Q(state=ReferralState.FILED, lapse_at__lte=now) & (
            Q(window_ends_at__isnull=True) | Q(window_ends_at__gt=now) | Q(window_ends_at__gte=F("lapse_at"))
        )
        if value == ReferralState.LAPSED:
            return queryset.filter(Q(state=value) | lapsed)
        if value == ReferralState.EXPIRED:
            return queryset.filter(Q(state=value) | (over & ~lapsed))
        if value in LIVE:
            return queryset.filter(state=value).exclude(over).exclude(lapsed)
        return queryset.filter(state=value)


class ReasonFilter(ChoiceFilter):
    title = gettext_lazy("reason")
    parameter_name = "reason"

    def lookups(self, request: Any, model_admin: Any) -> tuple[tuple[str, Any], ...]:
        return tuple((str(reason), WORDS[reason]) for reason in Reason)

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(reason=value)


class ConfirmedFilter(ChoiceFilter):
    title = gettext_lazy("outcome")
    parameter_name = "confirmed"
    options = (("yes", gettext_lazy("Confirmed")), ("no", gettext_lazy("Not confirmed")))

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(confirmed=value == "yes")


class ClaimFilter(ChoiceFilter):
    title = gettext_lazy("holds now")
    parameter_name = "holds"
    options = (("yes", gettext_lazy("Holds the phone now")), ("no", gettext_lazy("Over")))

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        now = clock.now()
        holds = (
            Q(live=True, starts_at__lte=now, ends_at__gt=now)
            & (Q(lapses_at__isnull=True) | Q(lapses_at__gt=now))
            & Q(released_at__isnull=True)
        )
        return queryset.filter(holds) if value == "yes" else queryset.exclude(holds)


class DealAgencyFilter(DropdownFilter):
    """Deals that an agency's referrals have a share of."""

    title = gettext_lazy("agency")
    parameter_name = "agency"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [("none", gettext_lazy("Nobody: a natural deal")), *((str(a.pk), a.name) for a in Agency.objects.all())]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        shares = DealShare.objects.filter(ended_at__isnull=True)
        if self.value() == "none":
            return queryset.exclude(pk__in=shares.values("deal"))
        try:
            return queryset.filter(pk__in=shares.filter(referral__agency=self.value()).values("deal"))
        except (ValueError, TypeError):
            return queryset.none()
