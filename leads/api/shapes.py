"""What goes in and out of the addresses of clients: referrals, visits."""

from functools import cache
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from channels_platform.http.fields import Id, Instant, LocalInstant, LongText, Text, Whole
from channels_platform.lib import clock
from leads.models import Referral
from leads.selectors import reason_shown
from leads.services.filing import MOST_PHONES
from leads.states import ReferralState


def _phone(**kwargs: Any) -> Text:
    # Whether it is a phone is for the rules to judge: a filing with a bad one is kept, with its reason.
    return Text(max_length=40, allow_blank=True, **kwargs)


class FilingIn(serializers.Serializer[Any]):
    project = Text(max_length=60, help_text=_("Code of the project."))
    client_name = Text(max_length=80)
    phones = serializers.ListField(child=_phone(), min_length=1, max_length=MOST_PHONES)
    expected_arrival = Instant(required=False, allow_null=True)
    party_size = Whole(min_value=1, max_value=999, required=False, allow_null=True)
    note = LongText(max_length=2000, required=False, allow_blank=True)
    preferred_consultant = Id(required=False, allow_null=True)


class ReferralOut(serializers.Serializer[Any]):
    """A referral as its reader may see it: agencies the client's name, staff only its mask; nobody a full phone."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    state = serializers.ChoiceField([state.value for state in ReferralState])
    reason = serializers.CharField(allow_null=True, help_text=_("Why it was not accepted."))
    project = serializers.CharField(source="project.code")
    agency = serializers.CharField(source="agency.code")
    broker = serializers.CharField(source="broker.user.username")
    client_name = serializers.CharField()
    phones = serializers.ListField(child=serializers.CharField())
    expected_arrival = LocalInstant(allow_null=True)
    party_size = serializers.IntegerField(allow_null=True)
    consultant = serializers.CharField(allow_null=True)
    filed_at = LocalInstant()
    visit_by = LocalInstant(source="lapse_at", allow_null=True)
    protected_until = LocalInstant(source="window_ends_at", allow_null=True)
    slip_url = serializers.CharField(allow_null=True)

    def to_representation(self, referral: Referral) -> dict[str, Any]:
        """Write the fields out by hand: this is the answer to every filing, and the rows of the longest list."""
        request = self.context["request"]
        zone = referral.project.zone
        accepted = referral.state != ReferralState.REJECTED
        masks = referral.filed_masks
        return {
            "id": str(referral.pk),
            "number": referral.number,
            "state": str(referral.state_at(self.context["now"])),
            "reason": str(reason_shown(referral, request.user)) or None,
            "project": referral.project.code,
            "agency": referral.agency.code,
            "broker": referral.broker.user.username,
            "client_name": referral.client_name if request.user.is_agency_side else referral.client_masked,
            "phones": [phone.masked for phone in referral.phones.all()] if masks is None else masks,
            "expected_arrival": _local(referral.expected_arrival, zone),
            "party_size": referral.party_size,
            "consultant": str(referral.consultant) if referral.consultant_id else None,
            "filed_at": _local(referral.filed_at, zone),
            "visit_by": _local(referral.lapse_at, zone) if accepted else None,
            "protected_until": _local(referral.window_ends_at, zone) if accepted else None,
            "slip_url": _slip(request, referral) if accepted else None,
        }


def _local(instant: Any, zone: Any) -> str | None:
    return None if instant is None else instant.astimezone(zone).isoformat()


def _slip(request: Any, referral: Referral) -> str:
    return str(request.build_absolute_uri(_slip_path().replace(str(UUID(int=0)), str(referral.pk))))


@cache
def _slip_path() -> str:
    return reverse("api:referral_slip", args=[UUID(int=0)])


def referral_data(request: Any, referral: Referral) -> dict[str, Any]:
    """Return a referral as this caller may see it."""
    context = {"request": request, "now": clock.now()}
    return ReferralOut(context=context).to_representation(referral)


class StepOut(serializers.Serializer[Any]):
    """One step of a referral's history."""

    at = serializers.SerializerMethodField()
    action = serializers.CharField()
    facts = serializers.DictField()
    actor = serializers.SerializerMethodField(help_text=_("Who did it; null to agencies and for the system."))
    reason = serializers.CharField()

    @extend_schema_field(Instant)
    def get_at(self, step: dict[str, Any]) -> str:
        return str(step["at"].astimezone(self.context["zone"]).isoformat())

    def get_actor(self, step: dict[str, Any]) -> str | None:
        return str(step["actor"]) if step["actor"] else None


class HistoryOut(serializers.Serializer[Any]):
    results = StepOut(many=True)


class PhoneIn(serializers.Serializer[Any]):
    phone = _phone()


class WithdrawalIn(serializers.Serializer[Any]):
    reason = LongText(max_length=500, required=False, allow_blank=True)


class VisitIn(serializers.Serializer[Any]):
    phones = serializers.ListField(child=_phone(), max_length=20, required=False)
    override_reason = LongText(max_length=500, required=False, allow_blank=True)


class VisitOut(serializers.Serializer[Any]):
    result = serializers.CharField(help_text=_("`ok`, or why the arrival does not count."))
    referral = ReferralOut()


class NaturalVisitIn(serializers.Serializer[Any]):
    project = Text(max_length=60)
    phone = Text(max_length=40)
    name = Text(max_length=80, required=False, allow_blank=True)
    visited_at = Instant(required=False, allow_null=True)


class NaturalVisitOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    project = serializers.CharField(source="project.code")
    phone = serializers.CharField(source="phone.masked")
    name = serializers.CharField(source="name_masked")
    visited_at = LocalInstant()
