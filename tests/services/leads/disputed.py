"""A contested client: what the owner and the rival each say, and files as they hand them in."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from leads.models import Deal, Dispute, Referral
from leads.services.disputes import raise_dispute
from tests.cast import LI, Site, after, fresh, open_site, person


def photo(name: str = "chat.png") -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(out, "PNG")
    return SimpleUploadedFile(name, out.getvalue(), content_type="image/png")


@dataclass
class Case:
    """The owner's client came and bought; the rival, who had filed the client too, contests the deal."""

    site: Site
    mine: Referral
    theirs: Referral
    deal: Deal
    dispute: Dispute
    judge: User
    second: User
    third: User


def contested(**policy: Any) -> Case:
    site = open_site(lead_time_minutes=0, **policy)
    mine = site.file(site.owner, LI, client_name="Li Mingzhu")
    theirs = site.file(site.rival, LI, client_name="Zhao Kelan")
    site.visit(mine, at=after(hours=3))
    deal = site.subscribe(LI, at=after(hours=4))
    with clock.at(after(hours=5)):
        dispute = raise_dispute(
            actor=site.rival.user,
            agency=site.rival.agency,
            referral=fresh(theirs),
            deal=deal,
            claim_text="We brought her, see the chat.",
            files=[photo("our-chat.png")],
        )
    judges = [person(Role.MARKETING_MANAGER) for _ in range(3)]
    return Case(site, mine, theirs, deal, dispute, *judges)
