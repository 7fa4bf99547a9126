"""Payout batches over HTTP: drafted, submitted, approved by another person, paid; and agencies' invoices."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from channels_platform.accounts.permissions import Can
from channels_platform.files.content import XLSX
from channels_platform.http.api import JobOut
from channels_platform.http.downloads import send_file
from channels_platform.http.fields import Amount, Day, Id, Instant, LongText, Text, YesNo, money_text
from channels_platform.http.problems import Problem, field_error
from channels_platform.http.schema import lists
from channels_platform.http.views import ApiView, FileView, found, listed, named, read
from channels_platform.lib.errors import Invalid
from commissions.api.money import OWN_OR_ALL, payee_code
from commissions.filters import BatchFilter, LineFilter
from commissions.models import Invoice, PayoutBatch, PayoutLine
from commissions.selectors import visible_batches, visible_companies, visible_lines
from commissions.services.exporting import ExportForm, export_batch, is_large, start_export
from commissions.services.payouts import (
    approve_batch,
    attach_invoice,
    draft_batch,
    pay_batch,
    return_batch,
    submit_batch,
    void_batch,
)
from commissions.services.reissue import reissue_failed

NEWEST = ("-prepared_at", "prepared_at")
MOST_RESULTS = 10_000


class BatchIn(serializers.Serializer[Any]):
    company = Text(max_length=40, help_text=_("Code of the paying company."))
    cutoff = Instant(required=False, allow_null=True, source="cutoff_at", help_text=_("By default now."))
    currency = Text(max_length=3, required=False)


class ReasonIn(serializers.Serializer[Any]):
    reason = LongText(max_length=2000)


class LettingGoIn(ReasonIn):
    not_sent = LongText(
        max_length=2000,
        required=False,
        help_text=_("Where a bank file was made: how it is known that it was not sent, or that the bank refused it."),
    )


class ResultIn(serializers.Serializer[Any]):
    line = Id()
    bank_reference = Text(max_length=80, required=False, allow_blank=True)
    failed = YesNo(required=False)
    answered = YesNo(
        required=False,
        help_text=_(
            "That the bank said so: needed of a failed line that it could not say anything of before, and where "
            "a bank file was made of the batch."
        ),
    )


class InvoiceIn(serializers.Serializer[Any]):
    number = Text(max_length=60)
    amount = Amount()
    vat_rate = Amount(help_text=_('A fraction: "0.06".'))
    issued_on = Day(required=False, allow_null=True)


class InvoiceOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    line = serializers.UUIDField(source="line_id")
    number = serializers.CharField()
    amount = serializers.SerializerMethodField()
    vat_rate = serializers.SerializerMethodField()
    issued_on = serializers.DateField(allow_null=True)
    received_at = serializers.DateTimeField()

    def get_amount(self, invoice: Invoice) -> str:
        return money_text(invoice.amount, invoice.line.batch.currency)

    def get_vat_rate(self, invoice: Invoice) -> str:
        return f"{Decimal(invoice.vat_rate).normalize():f}"


class LineOut(serializers.Serializer[Any]):
    """`left_at`: when it left its batch, held or left out; the batch's figures count it no more."""

    id = serializers.UUIDField()
    batch = serializers.CharField(source="batch.number")
    payee = serializers.SerializerMethodField()
    payee_kind = serializers.SerializerMethodField()
    currency = serializers.CharField(source="batch.currency")
    gross = serializers.SerializerMethodField()
    tax = serializers.SerializerMethodField()
    net = serializers.SerializerMethodField()
    state = serializers.ChoiceField(PayoutLine.State.choices)
    bank_reference = serializers.CharField()
    paid_at = serializers.DateTimeField(allow_null=True)
    left_at = serializers.DateTimeField(allow_null=True)
    invoice = serializers.SerializerMethodField()

    def get_payee(self, line: PayoutLine) -> str:
        return payee_code(line.payee)

    @extend_schema_field(serializers.ChoiceField(choices=["agency", "broker"]))
    def get_payee_kind(self, line: PayoutLine) -> str:
        return "broker" if line.payee.is_individual else "agency"

    def get_gross(self, line: PayoutLine) -> str:
        return money_text(line.gross, line.batch.currency)

    def get_tax(self, line: PayoutLine) -> str:
        return money_text(line.tax, line.batch.currency)

    def get_net(self, line: PayoutLine) -> str:
        return money_text(line.net, line.batch.currency)

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_invoice(self, line: PayoutLine) -> str | None:
        return next((invoice.number for invoice in line.invoices.all()), None)


class BatchOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.CharField()
    company = serializers.CharField(source="company.code")
    currency = serializers.CharField()
    cutoff = serializers.DateTimeField(source="cutoff_at")
    state = serializers.ChoiceField(PayoutBatch.State.choices)
    prepared_by = serializers.CharField(source="prepared_by.username", allow_null=True, default=None)
    prepared_at = serializers.DateTimeField()
    submitted_by = serializers.CharField(source="submitted_by.username", allow_null=True, default=None)
    submitted_at = serializers.DateTimeField(allow_null=True)
    approvals_needed = serializers.IntegerField()
    approved_by = serializers.CharField(source="approved_by.username", allow_null=True, default=None)
    approved_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)


class ApprovalOut(serializers.Serializer[Any]):
    """`voided_at`: since when it counts no more, as the batch changed or was returned."""

    approver = serializers.CharField(source="approver.username")
    given_at = serializers.DateTimeField()
    voided_at = serializers.DateTimeField(allow_null=True)


class BatchDetailOut(BatchOut):
    reissue_of = serializers.CharField(source="reissue_of.number", allow_null=True, default=None)
    approvals = ApprovalOut(many=True)
    lines = LineOut(many=True)


def _with_invoices(lines: QuerySet[PayoutLine]) -> QuerySet[PayoutLine]:
    return lines.prefetch_related(Prefetch("invoices", Invoice.objects.filter(live=True)))


def _answer(request: Request, pk: UUID, status: int = 200) -> Response:
    batch = found(visible_batches(request.user), pk=pk)
    lines = _with_invoices(visible_lines(request.user).filter(batch=batch).order_by("pk"))
    shown = {
        **BatchOut(batch).data,
        "reissue_of": batch.reissue_of.number if batch.reissue_of is not None else None,
        "approvals": ApprovalOut(batch.approvals.select_related("approver"), many=True).data,
        "lines": LineOut(lines, many=True).data,
    }
    return Response(shown, status=status)


class BatchesView(ApiView):
    needs = {"GET": Can.SEE_MONEY, "POST": Can.PREPARE_PAYOUT}

    @lists(BatchOut, orderings=NEWEST, filters=BatchFilter)
    def get(self, request: Request) -> Response:
        return listed(request, visible_batches(request.user), BatchOut, orderings=NEWEST, filters=BatchFilter)

    @extend_schema(request=BatchIn, responses={201: BatchDetailOut})
    def post(self, request: Request) -> Response:
        """Gather what is payable at a cut-off into a draft."""
        asked = read(request, BatchIn)
        asked["company"] = named(visible_companies(request.user), field="company", code=asked["company"])
        return _answer(request, draft_batch(actor=request.user, **asked).pk, 201)


class BatchView(ApiView):
    needs = {"GET": Can.SEE_MONEY}

    @extend_schema(responses=BatchDetailOut)
    def get(self, request: Request, pk: UUID) -> Response:
        return _answer(request, pk)


class SubmissionView(ApiView):
    needs = {"POST": Can.PREPARE_PAYOUT}

    @extend_schema(request=None, responses=BatchDetailOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """Hand a draft to the approver."""
        submit_batch(actor=request.user, batch=found(visible_batches(request.user), pk=pk))
        return _answer(request, pk)


class BatchApprovalView(ApiView):
    needs = {"POST": Can.APPROVE_PAYOUT}

    @extend_schema(request=None, responses=BatchDetailOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """Approve for payment, never by who prepared or submitted it; with the last approval needed it is approved."""
        batch = found(visible_batches(request.user), pk=pk)
        try:
            approve_batch(actor=request.user, batch=batch)
        except Invalid as refused:
            waiting = {f"lines.{line}": refused.code for line in refused.facts.get("lines", ())}
            raise Invalid(refused.detail, code=refused.code, faults=waiting) from None
        return _answer(request, pk)


class ReissueView(ApiView):
    needs = {"POST": Can.PREPARE_PAYOUT}

    @extend_schema(request=None, responses={201: BatchDetailOut})
    def post(self, request: Request, pk: UUID) -> Response:
        """Draft a batch for the payees whose lines failed: what they have payable now."""
        batch = found(visible_batches(request.user), pk=pk)
        return _answer(request, reissue_failed(actor=request.user, batch=batch).pk, 201)


class BatchReturnView(ApiView):
    needs = {"POST": Can.APPROVE_PAYOUT}

    @extend_schema(request=LettingGoIn, responses=BatchDetailOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """Give it back to be a draft again."""
        batch = found(visible_batches(request.user), pk=pk)
        return_batch(actor=request.user, batch=batch, **read(request, LettingGoIn))
        return _answer(request, pk)


class BatchVoidView(ApiView):
    needs = {"POST": (Can.PREPARE_PAYOUT, Can.APPROVE_PAYOUT)}

    @extend_schema(request=LettingGoIn, responses=BatchDetailOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """Give it up; what it held is payable again."""
        batch = found(visible_batches(request.user), pk=pk)
        void_batch(actor=request.user, batch=batch, **read(request, LettingGoIn))
        return _answer(request, pk)


class PaymentResultsView(ApiView):
    needs = {"POST": (Can.PREPARE_PAYOUT, Can.APPROVE_PAYOUT)}

    @extend_schema(request=ResultIn(many=True), responses=BatchDetailOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """What the bank did with each line, or with some of them."""
        batch = found(visible_batches(request.user), pk=pk)
        if not isinstance(request.data, list):
            raise Problem(400)
        if len(request.data) > MOST_RESULTS:
            raise Problem(422, errors=[field_error("", "too_many")])
        asked = ResultIn(data=request.data, many=True)
        asked.is_valid(raise_exception=True)
        pay_batch(actor=request.user, batch=batch, results=asked.validated_data)
        return _answer(request, pk)


class ExportView(FileView):
    needs = {"GET": Can.SEE_MONEY}

    @extend_schema(
        parameters=[OpenApiParameter("format", str, enum=[form.value for form in ExportForm], description="xlsx")],
        responses={
            (200, XLSX.media_type): OpenApiTypes.BINARY,
            (200, "text/csv"): OpenApiTypes.STR,
            202: JobOut,
        },
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The batch as a file; a large one is written by a job, whose state is answered."""
        asked = request.query_params.get("format", ExportForm.XLSX.value)
        if asked not in list(ExportForm):
            raise Problem(400, "bad_format", errors=[field_error("format", "invalid_choice")])
        batch, form = found(visible_batches(request.user), pk=pk), ExportForm(asked)
        if is_large(batch):
            job = start_export(actor=request.user, batch=batch, form=form)
            at = reverse("api:job", args=[job.pk])
            return Response(JobOut(job, context={"request": request}).data, status=202, headers={"Location": at})
        exported = export_batch(actor=request.user, batch=batch, form=form)
        return send_file(exported.pieces, exported.name, content_type=exported.content_type)


class LinesView(ApiView):
    needs = {"GET": OWN_OR_ALL}
    orderings = ("-id", "id")

    @lists(LineOut, orderings=orderings, filters=LineFilter)
    def get(self, request: Request) -> Response:
        """Payout lines: to a payee the own ones, to staff those of their batches."""
        lines = _with_invoices(visible_lines(request.user))
        return listed(request, lines, LineOut, orderings=self.orderings, filters=LineFilter)


class InvoiceView(ApiView):
    needs = {"POST": (Can.INVOICE_LINE, Can.PREPARE_PAYOUT)}

    @extend_schema(request=InvoiceIn, responses={201: InvoiceOut})
    def post(self, request: Request, pk: UUID) -> Response:
        """Put an invoice to an agency's line, until its batch is approved."""
        line = found(visible_lines(request.user), pk=pk)
        invoice = attach_invoice(actor=request.user, line=line, **read(request, InvoiceIn))
        return Response(InvoiceOut(invoice).data, status=201)
