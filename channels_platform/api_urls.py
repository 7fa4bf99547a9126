"""The addresses of the API, in the order of its contract."""

from django.urls import include, path, re_path, register_converter
from django.urls.converters import StringConverter

from brokers import api as brokers
from channels_platform.http import api as platform
from channels_platform.http.handlers import unknown
from commissions.api import accounts, money, payouts, plans, reconciliations, reports, requests, statements
from leads.api import deals, disputes, payment_files, referrals, visits
from projects import api as projects


class CodeConverter(StringConverter):
    """Codes of projects and agencies: what their models let pass."""

    regex = "[A-Za-z0-9][A-Za-z0-9_-]{0,59}"


register_converter(CodeConverter, "code")

v1 = [
    path("auth/token/", platform.TokenView.as_view(), name="token"),
    path("projects/", brokers.ProjectsView.as_view(), name="projects"),
    path("projects/<code:code>/", brokers.ProjectView.as_view(), name="project"),
    path("projects/<code:code>/units/", projects.UnitsView.as_view(), name="units"),
    path("agencies/", brokers.AgenciesView.as_view(), name="agencies"),
    path("agencies/<code:code>/brokers/", brokers.BrokersView.as_view(), name="brokers"),
    path("agreements/", brokers.AgreementsView.as_view(), name="agreements"),
    path("agreements/<uuid:pk>/approve/", brokers.AgreementApprovalView.as_view(), name="agreement_approve"),
    path("referrals/", referrals.ReferralsView.as_view(), name="referrals"),
    path("referrals/batch/", referrals.ReferralBatchView.as_view(), name="referral_batch"),
    path("referrals/<uuid:pk>/", referrals.ReferralView.as_view(), name="referral"),
    path("referrals/<uuid:pk>/history/", referrals.HistoryView.as_view(), name="referral_history"),
    path("referrals/<uuid:pk>/phones/", referrals.PhonesView.as_view(), name="referral_phones"),
    path("referrals/<uuid:pk>/withdraw/", referrals.WithdrawalView.as_view(), name="referral_withdraw"),
    path("referrals/<uuid:pk>/visit/", visits.VisitView.as_view(), name="referral_visit"),
    path("referrals/<uuid:pk>/slip.pdf", referrals.SlipView.as_view(), name="referral_slip"),
    path("referrals/<uuid:pk>/qr.svg", referrals.QrView.as_view(), name="referral_qr"),
    path("natural-visits/", visits.NaturalVisitsView.as_view(), name="natural_visits"),
    path("disputes/", disputes.DisputesView.as_view(), name="disputes"),
    path("disputes/<uuid:pk>/decide/", disputes.DecisionView.as_view(), name="dispute_decide"),
    path("disputes/<uuid:pk>/approve/", disputes.ApprovalView.as_view(), name="dispute_approve"),
    path("disputes/<uuid:pk>/return/", disputes.ReturnView.as_view(), name="dispute_return"),
    path("deals/", deals.DealsView.as_view(), name="deals"),
    path("deals/<uuid:pk>/", deals.DealView.as_view(), name="deal"),
    path("deals/<uuid:pk>/contract/", deals.ContractView.as_view(), name="deal_contract"),
    path("deals/<uuid:pk>/payments/", deals.PaymentsView.as_view(), name="deal_payments"),
    path("deals/<uuid:pk>/handover/", deals.HandoverView.as_view(), name="deal_handover"),
    path("deals/<uuid:pk>/cancel/", deals.CancellationView.as_view(), name="deal_cancel"),
    path("deals/<uuid:pk>/amend/", deals.AmendmentView.as_view(), name="deal_amend"),
    path("deals/<uuid:pk>/expected/", deals.ExpectedView.as_view(), name="deal_expected"),
    path("payments/import/", payment_files.PaymentImportView.as_view(), name="payments_import"),
    path("plans/", plans.PlansView.as_view(), name="plans"),
    path("plans/<uuid:pk>/approve/", plans.PlanApprovalView.as_view(), name="plan_approve"),
    path("plans/<uuid:pk>/findings/", plans.PlanFindingsView.as_view(), name="plan_findings"),
    path("commissions/", money.CommissionsView.as_view(), name="commissions"),
    path("balances/", money.BalancesView.as_view(), name="balances"),
    path("payout-batches/", payouts.BatchesView.as_view(), name="batches"),
    path("payout-batches/<uuid:pk>/", payouts.BatchView.as_view(), name="batch"),
    path("payout-batches/<uuid:pk>/submit/", payouts.SubmissionView.as_view(), name="batch_submit"),
    path("payout-batches/<uuid:pk>/approve/", payouts.BatchApprovalView.as_view(), name="batch_approve"),
    path("payout-batches/<uuid:pk>/reissue/", payouts.ReissueView.as_view(), name="batch_reissue"),
    path("payout-batches/<uuid:pk>/return/", payouts.BatchReturnView.as_view(), name="batch_return"),
    path("payout-batches/<uuid:pk>/pay/", payouts.PaymentResultsView.as_view(), name="batch_pay"),
    path("payout-batches/<uuid:pk>/void/", payouts.BatchVoidView.as_view(), name="batch_void"),
    path("payout-batches/<uuid:pk>/export/", payouts.ExportView.as_view(), name="batch_export"),
    path("lines/", payouts.LinesView.as_view(), name="lines"),
    path("lines/<uuid:pk>/invoice/", payouts.InvoiceView.as_view(), name="line_invoice"),
    path("statements/", statements.StatementsView.as_view(), name="statements"),
    path("statements/<uuid:pk>/", statements.StatementView.as_view(), name="statement"),
    path("statements/<uuid:pk>/lines/", statements.StatementLinesView.as_view(), name="statement_lines"),
    path("statements/<uuid:pk>/confirm/", statements.StatementConfirmationView.as_view(), name="statement_confirm"),
    path("statements/<uuid:pk>/contest/", statements.StatementContestView.as_view(), name="statement_contest"),
    path("adjustments/", requests.AdjustmentsView.as_view(), name="adjustments"),
    path("adjustments/<uuid:pk>/", requests.AdjustmentView.as_view(), name="adjustment"),
    path("advances/", requests.AdvancesView.as_view(), name="advances"),
    path("advances/<uuid:pk>/", requests.AdvanceView.as_view(), name="advance"),
    path("payout-accounts/", accounts.AccountsView.as_view(), name="accounts"),
    path("payout-accounts/<uuid:pk>/", accounts.AccountView.as_view(), name="account"),
    path("reconciliations/", reconciliations.ReconciliationsView.as_view(), name="reconciliations"),
    path("reconciliations/<uuid:pk>/", reconciliations.ReconciliationView.as_view(), name="reconciliation"),
    path(
        "reconciliations/<uuid:pk>/rows/",
        reconciliations.ReconciliationRowsView.as_view(),
        name="reconciliation_rows",
    ),
    path("reports/", reports.ReportsView.as_view(), name="reports"),
    path("reports/<slug:name>/", reports.ReportView.as_view(), name="report"),
    path("jobs/<uuid:pk>/", platform.JobView.as_view(), name="job"),
    path("jobs/<uuid:pk>/result/", platform.JobResultView.as_view(), name="job_result"),
    path("schema/", platform.SchemaView.as_view(), name="schema"),
    path("docs/", platform.DocsView.as_view(), name="docs"),
]

urlpatterns = [
    path("v1/", include((v1, "api"))),
    re_path("", unknown),
]
