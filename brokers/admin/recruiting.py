"""Recruiting individuals in the admin: programmes, recruiting links, and who brought how many."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.models import Agency, Individual, Programme, Recruiter, RecruitingLink
from brokers.models.individual import RelationChoice
from brokers.selectors import link_address, recruiters
from brokers.services.recruiting import change_programme, close_link, open_link, open_programme
from brokers.states import AgencyKind, IndividualState
from channels_platform.accounts.permissions import Can, may
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act
from channels_platform.adminkit.base import Admin, ReadOnlyAdmin
from channels_platform.adminkit.filters import DaysFilter, ManyRelatedFilter, RelatedFilter
from channels_platform.adminkit.forms import dress
from channels_platform.adminkit.scope import sees_every_project
from channels_platform.files.content import PDF
from channels_platform.http.downloads import send_file
from channels_platform.presentation.qr import qr_inline


class ProgrammeForm(forms.ModelForm):
    by_rule = forms.MultipleChoiceField(
        label=gettext_lazy("Confirmed by rule"),
        choices=RelationChoice.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "With a proven phone, every hour: owners whose phone bought here; friends whom a confirmed individual "
            "recruited; staff with an account of that phone; partners' staff whom staff recruited. The rest wait."
        ),
    )

    class Meta:
        model = Programme
        fields = ("agency", "project", "is_open", "by_rule")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)


@admin.register(Programme)
class ProgrammeAdmin(Admin):
    form = ProgrammeForm
    project_path = "project"
    list_display = ("project", "agency", "is_open", "waiting", "confirmed", "created_at")
    list_select_related = ("project", "agency")
    list_filter = ("is_open",)
    ordering = ("project__name", "agency__name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Programme]:
        counts = {
            f"count_{state}": Count("links__individuals", filter=Q(links__individuals__state=state))
            for state in (IndividualState.WAITING, IndividualState.CONFIRMED)
        }
        return super().get_queryset(request).annotate(**counts)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("agency", "project") if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "agency":
            kwargs["queryset"] = Agency.objects.filter(kind=AgencyKind.COMMUNITY)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("waiting"))
    def waiting(self, programme: Any) -> int:
        return int(programme.count_waiting)

    @admin.display(description=gettext_lazy("confirmed"))
    def confirmed(self, programme: Any) -> int:
        return int(programme.count_confirmed)

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Programme:
        return open_programme(actor=request.user, **data)

    def amend(self, request: HttpRequest, stored: Programme, data: dict[str, Any]) -> Programme:
        return change_programme(actor=request.user, programme=stored, **data)

    def act_links(self, request: HttpRequest, obj: Programme) -> list[dict[str, Any]]:
        links = super().act_links(request, obj)
        if may(request.user, Can.EDIT_AGENCIES):
            url = f"{reverse('admin:brokers_recruitinglink_add')}?programme={obj.pk}"
            links.append(cells.header_link(_("Make a link"), url, "qr_code_2"))
        return links


def _poster(request: HttpRequest, link: RecruitingLink, data: dict[str, Any]) -> Any:
    from brokers.poster import poster_pdf  # its library is large: most processes write no poster

    pdf = poster_pdf(link, address=link_address(link))
    return send_file(pdf, f"{link.code}.pdf", content_type=PDF.media_type, shown=True)


def _close(request: HttpRequest, link: RecruitingLink, data: dict[str, Any]) -> str:
    close_link(actor=request.user, link=link)
    return _("Closed. Whoever signed up by it stays.")


@admin.register(RecruitingLink)
class RecruitingLinkAdmin(Admin):
    project_path = "programme__project"
    list_display = (
        "code",
        "programme",
        "recruiter",
        "place",
        "waiting",
        "confirmed",
        "clients",
        "created_at",
        "closed_at",
    )
    list_select_related = ("programme__project", "programme__agency", "recruiter")
    list_filter = (("programme", RelatedFilter), ("recruiter", ManyRelatedFilter), ("created_at", DaysFilter))
    search_fields = ("code", "place", "recruiter__name")
    search_help_text = gettext_lazy("Code, place or recruiter")
    autocomplete_fields = ("recruiter",)
    ordering = ("-created_at", "-id")
    fields = ("programme", "recruiter", "place")
    acts = (
        Act(
            name="poster",
            label=gettext_lazy("Poster"),
            icon="picture_as_pdf",
            can=Can.EDIT_AGENCIES,
            when=lambda link: link.closed_at is None,
            run=_poster,
            happens=gettext_lazy("A page to print, in the language you read now."),
        ),
        Act(
            name="close",
            label=gettext_lazy("Close"),
            icon="link_off",
            can=Can.EDIT_AGENCIES,
            when=lambda link: link.closed_at is None,
            run=_close,
            happens=gettext_lazy("Nobody signs up by it any more; its posters can come down."),
            undo=gettext_lazy("It stays closed; make a new one instead."),
            binding=True,
            ends=True,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[RecruitingLink]:
        people = Count("individuals", distinct=True, filter=Q(individuals__state=IndividualState.CONFIRMED))
        queue = Count("individuals", distinct=True, filter=Q(individuals__state=IndividualState.WAITING))
        filed = Count(
            "individuals__broker__referrals", distinct=True, filter=~Q(individuals__broker__referrals__state="rejected")
        )
        return super().get_queryset(request).annotate(count_confirmed=people, count_waiting=queue, count_clients=filed)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("waiting"), ordering="count_waiting")
    def waiting(self, link: Any) -> int:
        return int(link.count_waiting)

    @admin.display(description=gettext_lazy("confirmed"), ordering="count_confirmed")
    def confirmed(self, link: Any) -> int:
        return int(link.count_confirmed)

    @admin.display(description=gettext_lazy("clients filed"), ordering="count_clients")
    def clients(self, link: Any) -> int:
        return int(link.count_clients)

    def create(self, request: HttpRequest, data: dict[str, Any]) -> RecruitingLink:
        return open_link(actor=request.user, **data)

    def about(self, request: HttpRequest, obj: RecruitingLink) -> list[cells.Section]:
        address = link_address(obj)
        picture = format_html('<div class="cp-qr">{}</div><p>{}</p>', qr_inline(address), address)
        people = obj.individuals.select_related("broker__user")[:50]
        rows = [
            (cells.link(one, one.broker.user.name), one.get_relation_display(), cells.state("individual", one.state))
            for one in people
        ]
        return [
            cells.words(_("Where it leads"), [picture]),
            cells.table(_("Signed up by it"), (_("Name"), _("Relation"), _("State")), rows, empty=_("Nobody yet.")),
        ]


@admin.register(Recruiter)
class RecruiterAdmin(ReadOnlyAdmin):
    """Who recruited how many, in the projects that the reader sees."""

    list_display = ("person", "role", "signed_up", "waiting", "confirmed", "clients", "won")
    list_filter = ("role",)
    search_fields = ("name", "username")
    search_help_text = gettext_lazy("Name or username")
    fields = ("person", "role", "signed_up", "waiting", "confirmed", "clients", "won")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recruiter]:
        projects = None if sees_every_project(request.user) else request.user.projects.all()  # type: ignore[union-attr]
        return recruiters(Recruiter.objects.all(), projects)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        # Counts are no columns, which is why the class cannot name them.
        return ("-confirmed_count", "-signed_up_count", "pk")

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def person(self, recruiter: Recruiter) -> str:
        return str(recruiter)

    @admin.display(description=gettext_lazy("signed up"), ordering="signed_up_count")
    def signed_up(self, recruiter: Any) -> int:
        return int(recruiter.signed_up_count)

    @admin.display(description=gettext_lazy("waiting"), ordering="waiting_count")
    def waiting(self, recruiter: Any) -> int:
        return int(recruiter.waiting_count)

    @admin.display(description=gettext_lazy("confirmed"), ordering="confirmed_count")
    def confirmed(self, recruiter: Any) -> int:
        return int(recruiter.confirmed_count)

    @admin.display(description=gettext_lazy("clients filed"), ordering="clients_count")
    def clients(self, recruiter: Any) -> int:
        return int(recruiter.clients_count)

    @admin.display(description=gettext_lazy("won"), ordering="won_count")
    def won(self, recruiter: Any) -> int:
        return int(recruiter.won_count)

    def about(self, request: HttpRequest, obj: Recruiter) -> list[cells.Section]:
        people = self.reach(request, Individual).filter(broker__recruited_by=obj).select_related("broker__user")[:100]
        rows = [
            (cells.link(one, one.broker.user.name), one.get_relation_display(), cells.state("individual", one.state))
            for one in people
        ]
        return [cells.table(_("Whom they recruited"), (_("Name"), _("Relation"), _("State")), rows)]
