"""Many clients at once, from the list: chosen, looked at, done with a reason, and what became of each."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from brokers.models import Broker
from channels_platform.accounts.permissions import may
from channels_platform.adminkit import cells
from channels_platform.adminkit.forms import ReasonForm
from channels_platform.adminkit.refusals import add_refusal, words_for
from channels_platform.http.once import OnceForm, submit_once
from channels_platform.lib.errors import Refused
from leads.bulk_words import outcome_words, until_words
from leads.models import BulkAct, BulkItem, Referral
from leads.services.bulk import AT_ONCE, CAN, MOST, BulkPlan, ask_bulk, carry_out, is_readable, plan_bulk, receivers
from leads.states import BulkKind, ReferralState

# More than so many are counted, and not listed one by one.
SHOWN = 200


class ManyForm(OnceForm, ReasonForm):
    """Why; and which clients, as they were chosen in the list. `target` are those within reach."""

    chosen = forms.CharField(widget=forms.HiddenInput)
    field_order = ("receiver", "days", "reason", "chosen", "once")

    def plan(self) -> BulkPlan:
        return plan_bulk(kind=self.kind, referrals=self.target, **self.terms())

    def terms(self) -> dict[str, Any]:
        """Return what the act needs beside the clients and the reason."""
        return {name: self.cleaned_data[name] for name in ("receiver", "days") if name in self.fields}

    kind: str = BulkKind.RELEASE


class _BrokerChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Broker) -> str:
        return f"{obj.agency} · {obj}"


class TransferForm(ManyForm):
    kind = BulkKind.TRANSFER
    receiver = _BrokerChoice(
        label=gettext_lazy("Receiver"),
        queryset=Broker.objects.none(),
        help_text=gettext_lazy("An active broker of the clients' agency; clients of other agencies are left out."),
    )

    def prepare(self) -> None:
        self.fields["receiver"].queryset = receivers(self.target)  # type: ignore[attr-defined]


class ExtendForm(ManyForm):
    kind = BulkKind.EXTEND
    days = forms.IntegerField(label=gettext_lazy("Days"), min_value=1)

    def prepare(self) -> None:
        most = settings.PROTECTION_EXTENSION_DAYS
        self.fields["days"].validators.append(_most_days)
        self.fields["days"].help_text = _(
            "At most %(n)s in one act, and never past the cap of a client's own rules."
        ) % {"n": most}


def _most_days(days: int) -> None:
    if days > settings.PROTECTION_EXTENSION_DAYS:
        raise ValidationError(words_for("out_of_range"), code="out_of_range")


class _Many:
    """One act on many: its words, and the form that asks for what it needs."""

    def __init__(self, label: Promise, form: type[ManyForm], happens: Promise, undo: Promise, *, ends: bool) -> None:
        self.label, self.form, self.happens, self.undo, self.ends = label, form, happens, undo, ends


MANY: dict[str, _Many] = {
    BulkKind.TRANSFER: _Many(
        gettext_lazy("Transfer to a colleague"),
        TransferForm,
        gettext_lazy(
            "The clients go to another broker of the same agency. The agency keeps them, with their protection and "
            "dates; they count for the receiver from now on. "
            "Receiver, former brokers and the agency's managers are told."
        ),
        gettext_lazy("They can be transferred back; that is a new act."),
        ends=False,
    ),
    BulkKind.EXTEND: _Many(
        gettext_lazy("Extend the protection"),
        ExtendForm,
        gettext_lazy(
            "Protection ends later by these days, at most at the cap of each client's own rules. What has ended stays "
            "ended, and a filing without a visit still lapses when it was to. The brokers are told."
        ),
        gettext_lazy("This can't be undone: protection is never shortened."),
        ends=False,
    ),
    BulkKind.RELEASE: _Many(
        gettext_lazy("Release"),
        ManyForm,
        gettext_lazy(
            "The referrals are withdrawn now and their phones are free at once: anybody can file these clients, and no "
            "deal counts for these referrals any more. The brokers are told."
        ),
        gettext_lazy("This can't be undone; the clients can be filed again."),
        ends=True,
    ),
}


class ManyActs:
    """The acts of a list of referrals, their page, and the page of a result."""

    def get_actions(self, request: HttpRequest) -> dict[str, tuple[Callable[..., Any], str, str]]:
        return {
            f"many_{kind}": (_chosen_for(kind), f"many_{kind}", str(many.label))
            for kind, many in MANY.items()
            if may(request.user, CAN[kind])
        }

    def response_action(self, request: HttpRequest, queryset: Any) -> HttpResponseBase | None:
        try:
            return super().response_action(request, queryset)  # type: ignore[misc, no-any-return]
        except ValidationError:  # what was posted as chosen is no key
            raise Http404 from None

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view  # type: ignore[attr-defined]
        return [
            path("many/<uuid:act_id>/result/", wrap(self.many_result_view), name="leads_referral_many_result"),
            path("many/<slug:kind>/", wrap(self.many_view), name="leads_referral_many"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def many_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Ask, show what would happen, then do it."""
        many = MANY.get(kind)
        if many is None:
            raise Http404
        if not may(request.user, CAN[kind]):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        referrals = self._within_reach(request, _keys(request.POST.get("chosen", "")))
        form = many.form(request.POST, target=referrals, request=request)
        step = request.POST.get("step")
        if not form.is_valid() or step == "change":
            return self._many_page(request, kind, form)
        if step == "do":
            asked: list[BulkAct] = []
            try:
                response = submit_once(request, form, lambda: self._ask(request, kind, form, asked))
            except Refused as refusal:
                add_refusal(form, refusal)
                return self._many_page(request, kind, form)
            for act in asked:
                if act.items.count() <= AT_ONCE:
                    carry_out(act=act)
            return response
        return self._many_page(request, kind, form, form.plan())

    def _ask(self, request: HttpRequest, kind: str, form: ManyForm, asked: list[BulkAct]) -> str:
        chosen = list(form.target.values_list("pk", flat=True))
        act = ask_bulk(
            actor=request.user, kind=kind, referrals=chosen, reason=form.cleaned_data["reason"], **form.terms()
        )
        asked[:] = [act]
        if len(chosen) <= AT_ONCE or act.job is None:
            return reverse("admin:leads_referral_many_result", args=[act.pk])
        return reverse("jobs:detail", args=[act.job.pk])

    def _within_reach(self, request: HttpRequest, keys: Sequence[UUID]) -> Any:
        rows = self.get_queryset(request).filter(pk__in=keys)  # type: ignore[attr-defined]
        if rows.count() != len(keys):
            raise Http404
        return rows.order_by("pk")

    def _many_page(
        self, request: HttpRequest, kind: str, form: ManyForm, plan: BulkPlan | None = None
    ) -> TemplateResponse:
        many = MANY[kind]
        for name in form.fields if plan is not None else ():
            form.fields[name].widget = form.fields[name].hidden_widget()
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": many.label,
            "opts": self.opts,  # type: ignore[attr-defined]
            "many": many,
            "form": form,
            "plan": plan,
            "counted": _counted(len(form.target)),
            "doing": many.label if plan is None else _doing(kind, len(plan.going)),
            "sections": [] if plan is None else _told(kind, plan, form),
            "here": reverse("admin:leads_referral_many", args=[kind]),
            "back": reverse("admin:leads_referral_changelist"),
            "media": self.media + form.media,  # type: ignore[attr-defined]
        }
        wrong = form.is_bound and form.errors
        response = TemplateResponse(request, "admin/many.html", context, status=422 if wrong else 200)
        response["Cache-Control"] = "no-store"
        return response

    def many_result_view(self, request: HttpRequest, act_id: UUID) -> HttpResponse:
        """Show what became of an act to the one who asked for it."""
        act = BulkAct.objects.select_related("receiver__user", "job").filter(pk=act_id).first()
        if act is None or not is_readable(act, request.user):
            raise Http404
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": MANY[act.kind].label,
            "opts": self.opts,  # type: ignore[attr-defined]
            "act": act,
            "sections": _became(act),
            "back": reverse("admin:leads_referral_changelist"),
        }
        response = TemplateResponse(request, "admin/many_result.html", context)
        response["Cache-Control"] = "no-store"
        return response


def _chosen_for(kind: str) -> Callable[..., HttpResponse | None]:
    def ask(page: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Freeze the choice: what is asked later is asked of these, whatever the list shows by then."""
        keys = list(queryset.order_by().values_list("pk", flat=True).distinct()[: MOST + 1])
        if len(keys) > MOST:
            text = _("At most %(n)s clients are done at once: narrow the filters.") % {"n": MOST}
            messages.warning(request, text)
            return None
        if not keys:
            raise Http404
        chosen = ",".join(key.hex for key in keys)
        target = page._within_reach(request, keys)
        form = MANY[kind].form(initial={"chosen": chosen}, target=target, request=request)
        return page._many_page(request, kind, form)  # type: ignore[no-any-return]

    return ask


def _keys(chosen: str) -> list[UUID]:
    try:
        keys = {UUID(key) for key in chosen.split(",")}
    except ValueError:
        raise Http404 from None
    if len(keys) > MOST:
        raise Http404
    return sorted(keys)


def _counted(n: int) -> str:
    return ngettext("%(n)s client chosen", "%(n)s clients chosen", n) % {"n": n}


def _doing(kind: str, n: int) -> str:
    """What the button says it does."""
    words = {
        BulkKind.TRANSFER: ngettext("Transfer %(n)s client", "Transfer %(n)s clients", n),
        BulkKind.EXTEND: ngettext("Extend the protection of %(n)s client", "Extend the protection of %(n)s clients", n),
        BulkKind.RELEASE: ngettext("Release %(n)s client", "Release %(n)s clients", n),
    }
    return words[BulkKind(kind)] % {"n": n}


def _told(kind: str, plan: BulkPlan, form: ManyForm) -> list[cells.Section]:
    """Return what would happen to whom, and who is left out and why."""
    going, left = len(plan.going), len(plan.left)
    data = form.cleaned_data
    sentences = [_happening(kind, going, data), _("Reason: %(reason)s") % {"reason": data["reason"]}]
    if kind == BulkKind.EXTEND:
        lapsing = sum(one.state == ReferralState.FILED and one.lapse_at is not None for one, _until in plan.going)
        if lapsing:
            sentences.append(
                ngettext(
                    "%(n)s of them waits for a visit, and still lapses without one.",
                    "%(n)s of them wait for a visit, and still lapse without one.",
                    lapsing,
                )
                % {"n": lapsing}
            )
    sections = [cells.words(_("What will happen"), sentences)]
    if going:
        sections.append(_going(kind, plan))
    if left:
        counts = [(words_for(code), n) for code, n in plan.reasons()]
        sections.append(cells.table(_("Left out"), (_("Why"), "#" + _("Clients")), counts))
        rows = [_row(one, words_for(code)) for one, code in plan.left[:SHOWN]]
        head = _head(_("Why"))
        sections.append(cells.table(_("Left out, one by one"), head, rows, note=_first(left)))
    return sections


def _happening(kind: str, n: int, data: dict[str, Any]) -> str:
    if not n:
        return _("Nothing: all that were chosen are left out.")
    if kind == BulkKind.TRANSFER:
        text = ngettext(
            "%(n)s client goes to %(broker)s (%(agency)s).", "%(n)s clients go to %(broker)s (%(agency)s).", n
        )
        return text % {"n": n, "broker": data["receiver"], "agency": data["receiver"].agency}
    if kind == BulkKind.EXTEND:
        text = ngettext(
            "The protection of %(n)s client ends %(days)s days later, or at its cap.",
            "The protection of %(n)s clients ends %(days)s days later, or at their cap.",
            n,
        )
        return text % {"n": n, "days": data["days"]}
    text = ngettext(
        "%(n)s referral is withdrawn and its phones are free.",
        "%(n)s referrals are withdrawn and their phones are free.",
        n,
    )
    return text % {"n": n}


def _going(kind: str, plan: BulkPlan) -> cells.Section:
    shown, extends = plan.going[:SHOWN], kind == BulkKind.EXTEND
    head = _head(_("Then until"), _("Protected until")) if extends else _head()
    rows = [
        _row(one, cells.when(until, one.project.timezone), cells.when(one.window_ends_at, one.project.timezone))
        if extends
        else _row(one)
        for one, until in shown
    ]
    return cells.table(_("Concerned"), head, rows, note=_first(len(plan.going)))


def _head(*own: str) -> tuple[str, ...]:
    """What a table is read for stands beside the number: on a phone the rest is a swipe away."""
    return (_("Number"), *own, _("Client"), _("Agency"), _("Broker"))


def _row(one: Referral, *own: Any) -> tuple[Any, ...]:
    return (cells.link(one), *own, one.client_masked or cells.DASH, one.agency, one.broker)


def _first(n: int) -> str:
    return _("The first %(shown)s of %(n)s.") % {"shown": SHOWN, "n": n} if n > SHOWN else ""


def _became(act: BulkAct) -> list[cells.Section]:
    items = act.items.select_related("referral__project", "referral__agency", "referral__broker__user")
    outcomes = list(act.items.values_list("outcome", flat=True))
    done = sum(one == BulkItem.DONE for one in outcomes)
    waiting = sum(not one for one in outcomes)
    sentences = [
        _doing_done(act, done),
        ngettext("%(n)s client left out.", "%(n)s clients left out.", len(outcomes) - done - waiting)
        % {"n": len(outcomes) - done - waiting},
    ]
    if waiting:
        sentences.append(
            ngettext("%(n)s client not done yet.", "%(n)s clients not done yet.", waiting) % {"n": waiting}
        )
    sentences.append(_("Reason: %(reason)s") % {"reason": act.reason})
    extends = act.kind == BulkKind.EXTEND
    head = _head(_("Outcome"), _("Protected until")) if extends else _head(_("Outcome"))
    rows = []
    # Left out first: these are looked at.
    for item in sorted(items, key=lambda one: (one.outcome == BulkItem.DONE, one.referral_id))[:SHOWN]:
        own = [outcome_words(act, item.outcome), *([until_words(item) or cells.DASH] if extends else [])]
        rows.append(_row(item.referral, *own))
    return [
        cells.words(_("In short"), sentences),
        cells.table(_("One by one"), head, rows, note=_first(len(outcomes))),
    ]


def _doing_done(act: BulkAct, n: int) -> str:
    words = {
        BulkKind.TRANSFER: ngettext("%(n)s client transferred.", "%(n)s clients transferred.", n),
        BulkKind.EXTEND: ngettext("Protection of %(n)s client extended.", "Protection of %(n)s clients extended.", n),
        BulkKind.RELEASE: ngettext("%(n)s client released.", "%(n)s clients released.", n),
    }
    return words[BulkKind(act.kind)] % {"n": n}
