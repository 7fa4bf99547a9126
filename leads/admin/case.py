"""A dispute's page: both sides next to each other, similar filings, the whole timeline."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.adminkit import cells
from channels_platform.lib import clock
from channels_platform.presentation import formats
from leads.case_history import case_history
from leads.models import Claim, DealShare, Dispute, DisputeFile, DisputeQuestion, Referral, ReferralPhone
from leads.selectors import deal_of_case, referrals_of_case, similar_referrals
from leads.services.disputes.people import part_in_case

PARTS = {
    "recruited": gettext_lazy("you recruited a broker of it"),
    "filed": gettext_lazy("you filed a client of it"),
    "received": gettext_lazy("you received its client"),
    "received_walk_in": gettext_lazy("you recorded a walk-in of its client"),
    "consultant": gettext_lazy("you are its consultant"),
    "consultant_now": gettext_lazy("you are its consultant"),
    "consultant_of_deal": gettext_lazy("you are the deal's consultant"),
}


def case_sections(request: HttpRequest, dispute: Dispute) -> list[cells.Section]:
    """Return what the page shows below the dispute's fields."""
    referrals, now = referrals_of_case(dispute), clock.now()
    sections = [*_warning(request, dispute, referrals), _proposal(dispute), _sides(dispute, referrals, now)]
    sections += [_similar(dispute, now), _shares(dispute)]
    title = _("The whole timeline")
    sections.append(cells.timeline(title, case_history(dispute, referrals), dispute.project.timezone))
    return [section for section in sections if section is not None]


def _warning(request: HttpRequest, dispute: Dispute, referrals: list[Referral]) -> list[cells.Section]:
    part = part_in_case(request.user, referrals=referrals, deal=deal_of_case(dispute))
    said = []
    if part:
        said.append(_("You can't decide or approve it: %(part)s.") % {"part": PARTS[part]})
    if request.user.pk in (dispute.first_judge_id, dispute.first_approver_id):
        said.append(_("You had a part in the first decision: another manager judges the appeal."))
    return [cells.words(_("You and this case"), said)] if said else []


def _proposal(dispute: Dispute) -> cells.Section | None:
    if dispute.proposed_shares is None:
        return None
    parts = {UUID(pk): part for pk, part in dispute.proposed_shares["shares"]}
    put_in = Referral.objects.filter(pk__in=parts).order_by("number")
    words = ", ".join(f"{referral.number} {parts[referral.pk]}" for referral in put_in)
    said = [
        dispute.proposed_decision,
        _("Shares: %(shares)s.") % {"shares": words or _("nobody, a natural deal")},
        _("Written by %(judge)s on %(at)s.")
        % {"judge": dispute.proposed_by, "at": cells.plain_when(dispute.proposed_at, dispute.project.zone)},
    ]
    return cells.words(_("The decision that waits for a second manager"), said)


def _sides(dispute: Dispute, referrals: Sequence[Referral], now: datetime) -> cells.Section:
    """A column for each referral of the case, so that what each says and has stands side by side."""
    zone = dispute.project.timezone
    questions = list(
        DisputeQuestion.objects.filter(dispute=dispute).select_related("asked_by").prefetch_related("files__attachment")
    )
    files = list(DisputeFile.objects.filter(dispute=dispute, question=None).select_related("attachment"))
    masks: dict[Any, list[str]] = {}
    for phone in ReferralPhone.objects.filter(referral__in=referrals).order_by("position"):
        masks.setdefault(phone.referral_id, []).append(phone.masked)
    deal = deal_of_case(dispute)
    held = {share.referral_id: share for share in DealShare.objects.filter(deal=deal, ended_at=None)} if deal else {}

    spans = _held(referrals, dispute.project.zone)

    def _side_of(question: DisputeQuestion) -> Any:
        return next((one.pk for one in referrals if one.agency_id == question.agency_id), None)

    def says(referral: Referral) -> Any:
        return dispute.claim_text if _spoke(dispute, referral) else cells.DASH

    def handed_in(referral: Referral) -> Any:
        return (_files(files) if _spoke(dispute, referral) else "") or cells.DASH

    def asked(referral: Referral) -> Any:
        own = [one for one in questions if (one.referral_id or _side_of(one)) == referral.pk]
        return format_html_join("", "{}", ((_asked(one, zone),) for one in own)) or cells.DASH

    rows: list[tuple[Any, Any]] = [
        (_("Referral"), cells.link),
        (_("Agency"), lambda one: one.agency),
        (_("Broker"), lambda one: one.broker),
        (_("Client"), lambda one: one.client_masked or cells.DASH),
        (_("Phones"), lambda one: ", ".join(masks.get(one.pk, [])) or cells.DASH),
        (_("State"), lambda one: cells.state("referral", one.state_at(now))),
        (_("Filed"), lambda one: cells.when(one.filed_at, zone)),
        (_("First visit"), lambda one: cells.when(one.first_visited_at, zone)),
        (_("Protected"), lambda one: spans.get(one.pk, cells.DASH)),
        (_("Rules version"), lambda one: one.policy.version),
        (_("Consultant"), lambda one: one.consultant or cells.DASH),
        (_("Part of the deal"), lambda one: str(held[one.pk].fraction) if one.pk in held else cells.DASH),
        (_("What they say"), says),
        (_("Files"), handed_in),
        (_("Asked and answered"), asked),
    ]
    return cells.table(
        _("The sides, next to each other"),
        ("", *(referral.number for referral in referrals)),
        [
            (format_html('<strong class="cp-nowrap">{}</strong>', label), *(cell(referral) for referral in referrals))
            for label, cell in rows
        ],
        empty=_("No referral is bound up with it yet."),
    )


def _spoke(dispute: Dispute, referral: Referral) -> bool:
    """Whether a referral is the one for which the agency contests; without any, its first of the case."""
    if dispute.referral_id is not None:
        return referral.pk == dispute.referral_id
    return referral.agency_id == dispute.agency_id


def _held(referrals: Sequence[Referral], zone: Any) -> dict[Any, str]:
    """Return in words, by referral, which phones it holds or held, and from when to when."""
    spans: dict[Any, list[str]] = {}
    for claim in Claim.objects.filter(referral__in=referrals).select_related("phone").order_by("starts_at", "pk"):
        start, end = formats.instant(claim.starts_at, zone), formats.instant(claim.held_until, zone)
        spans.setdefault(claim.referral_id, []).append(f"{claim.phone.masked}: {start} – {end}")
    return {referral_id: "; ".join(said) for referral_id, said in spans.items()}


def _asked(question: DisputeQuestion, zone: Any) -> SafeString:
    if question.answered_at is None:
        answer = format_html("<em>{} {}</em>", _("No answer yet; due"), cells.when(question.due_at, zone))
    else:
        answer = format_html(
            "{} <small>({})</small>{}",
            question.answer,
            cells.when(question.answered_at, zone),
            _files(list(question.files.all())),
        )
    return format_html("<p><strong>{}</strong> {}<br>{}</p>", question.asked_by, question.text, answer)


def _files(files: Sequence[DisputeFile]) -> SafeString:
    return format_html_join(
        "",
        '<div><a class="text-link" href="{}" target="_blank" rel="noopener">{}</a></div>',
        ((reverse("admin:leads_dispute_file", args=[one.dispute_id, one.pk]), one.attachment.name) for one in files),
    )


def _similar(dispute: Dispute, now: datetime) -> cells.Section:
    zone = dispute.project.timezone
    found = similar_referrals(dispute)
    case = referrals_of_case(dispute)
    phones = set(ReferralPhone.objects.filter(referral__in=case, phone__isnull=False).values_list("phone", flat=True))
    shared = ReferralPhone.objects.filter(referral__in=found, phone__in=phones)
    same = dict(shared.values_list("referral_id", "masked"))
    holding = {
        claim.referral_id: claim.held_until
        for claim in Claim.objects.filter(referral__in=found, phone__in=phones)
        if claim.holds_at(now)
    }
    rows = [
        (
            cells.link(one),
            one.agency,
            one.broker,
            one.client_masked or cells.DASH,
            same.get(one.pk) or _("same name"),
            cells.when(one.filed_at, zone),
            cells.when(one.first_visited_at, zone),
            cells.state("referral", one.state_at(now)),
            cells.when(holding.get(one.pk), zone),
        )
        for one in found
    ]
    head = (
        _("Referral"), _("Agency"), _("Broker"), _("Client"), _("Same phone"), _("Filed"), _("First visit"),
        _("State"), _("Holds it until"),
    )  # fmt: skip
    return cells.table(
        _("Other filings of the same phones or name"), head, rows, empty=_("Nobody else filed this client here.")
    )


def _shares(dispute: Dispute) -> cells.Section | None:
    deal, zone = deal_of_case(dispute), dispute.project.timezone
    if deal is None:
        return None
    held = deal.shares.select_related("referral__agency", "referral__broker__user").order_by("since")
    rows = [
        (
            cells.link(share.referral),
            share.referral.agency,
            share.referral.broker,
            str(share.fraction),
            cells.when(share.since, zone),
            cells.when(share.ended_at, zone),
        )
        for share in held
    ]
    head = (_("Referral"), _("Agency"), _("Broker"), _("#Share"), _("Since"), _("Ended"))
    return cells.table(_("Who has %(deal)s") % {"deal": deal}, head, rows, empty=_("Nobody: a natural deal."))
