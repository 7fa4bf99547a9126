"""The evidence pack of a referral or deal, as one file to take away."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy

from channels_platform.accounts.permissions import Can
from channels_platform.adminkit.acts import Act
from channels_platform.http.downloads import send_file
from channels_platform.lib.evidence import packed
from leads.models import Deal, Referral
from leads.services.evidence import export_evidence


def _export(request: HttpRequest, subject: Referral | Deal, data: dict[str, Any]) -> HttpResponseBase:
    pack = export_evidence(actor=request.user, subject=subject)
    return send_file(packed(pack.number, pack.json, pack.pdf), f"{pack.number}.zip", content_type="application/zip")


EVIDENCE = Act(
    name="evidence",
    label=gettext_lazy("Evidence pack"),
    icon="verified",
    can=Can.SEE_AUDIT,
    run=_export,
    happens=gettext_lazy(
        "A ZIP file with every event, visit and decision on record, chained and signed, as JSON and PDF. Clients stand "
        "in it by their masks. That you took it is recorded."
    ),
)
