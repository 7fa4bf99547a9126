"""Made-up facts for the styleguide page, where every component is looked at."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from channels_platform.lib import clock
from channels_platform.presentation.badges import BADGES


class SampleForm(forms.Form):
    """One field of each kind."""

    project = forms.ChoiceField(choices=[("GL", "Golden Lake"), ("RV", "River View")])
    client_name = forms.CharField(max_length=80)
    phone = forms.CharField(
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
        help_text="The client's own mobile number.",
    )
    party_size = forms.IntegerField(required=False, min_value=1)
    note = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    agreed = forms.BooleanField(label="The client agrees to be filed")


def samples(area: str) -> dict[str, Any]:
    """Return the context of the styleguide."""
    now = clock.now()
    wrong = SampleForm({"project": "GL", "client_name": "", "phone": "138"})
    wrong.add_error("phone", "This is no valid phone number.")
    return {
        "area": area if area in ("portal", "desk", "finance") else "portal",
        "layout": f"{area if area in ('portal', 'desk', 'finance') else 'portal'}/base.html",
        "badges": [(kind, list(states)) for kind, states in BADGES.items()],
        "form": SampleForm(),
        "wrong": wrong,
        "instants": {
            "in_minutes": now + timedelta(minutes=42),
            "in_hours": now + timedelta(hours=4, minutes=10),
            "in_a_day": now + timedelta(days=1, hours=3),
            "in_days": now + timedelta(days=12, hours=4, minutes=5),
            "just": now - timedelta(seconds=20),
            "minutes_ago": now - timedelta(minutes=12),
            "hours_ago": now - timedelta(hours=2),
            "long_ago": now - timedelta(days=400),
        },
        "clients": [
            ("Zhang **", "138****5678", "visited", now + timedelta(days=12, hours=4, minutes=5)),
            ("Li **", "139****1212", "filed", now + timedelta(hours=4, minutes=10)),
            ("Wang **", "137****0001", "won", None),
            ("Ouyang Longname **", "136****4242", "rejected", None),
        ],
        "payees": [
            ("Bright Homes", Decimal("1284300.00"), Decimal("402100.00"), Decimal("0.00")),
            ("Lakeside Agency", Decimal("86400.50"), Decimal("-3000.00"), Decimal("12.34")),
        ],
        "rate": Fraction(62, 1000),
        "half": Fraction(1, 2),
        "history": [
            {"what": _("Visited"), "at": now - timedelta(hours=2), "who": "Chen", "tone": "info",
             "icon": "person-walking"},
            {"what": _("Filed"), "at": now - timedelta(days=1), "who": "Lin", "tone": "past", "icon": "send",
             "note": "Party of 3, expected at 14:00."},
        ],
        "way": [(_("Filed"), True, False), (_("Visited"), True, True), (_("Subscribed"), False, False),
                (_("Contracted"), False, False)],
    }  # fmt: skip
