"""The portal's addresses of money and contests; mounted in the namespace `portal`."""

from django.urls import path

from commissions import portal_advances, portal_contests, portal_invoices, portal_months, portal_views
from commissions.views import reconciling

urlpatterns = [
    path("ranking/contests/", portal_contests.contest_standings, name="contest_standings"),
    path("money/", portal_views.money, name="money"),
    path("money/advances/", portal_advances.advances, name="advances"),
    path("money/statements/", portal_views.statements, name="statements"),
    path("money/statements/<uuid:line_id>/", portal_views.statement, name="statement"),
    path("money/statements/<uuid:line_id>/statement.pdf", portal_views.statement_file, name="statement_file"),
    path("money/invoices/", portal_invoices.invoices, name="invoices"),
    path("money/invoices/<uuid:invoice_id>/credit/", portal_invoices.credit_note, name="credit_note"),
    path("money/invoices/<uuid:invoice_id>/files/<uuid:file_id>/", portal_invoices.invoice_file, name="invoice_file"),
    path("money/reconciliations/", reconciling.own_reconciliations, name="reconciliations"),
    path("money/reconciliations/new/", reconciling.reconciliation_new, name="reconciliation_new"),
    path("money/reconciliations/<uuid:reconciliation_id>/", reconciling.own_reconciliation, name="reconciliation"),
    path(
        "money/reconciliations/<uuid:reconciliation_id>/reconciliation.xlsx",
        reconciling.own_reconciliation_xlsx,
        name="reconciliation_xlsx",
    ),
    path("money/months/", portal_months.months, name="months"),
    path("money/months/<uuid:statement_id>/", portal_months.month, name="month"),
    path("money/months/<uuid:statement_id>/statement.pdf", portal_months.month_file, {"form": "pdf"}, name="month_pdf"),
    path(
        "money/months/<uuid:statement_id>/statement.xlsx", portal_months.month_file, {"form": "xlsx"}, name="month_xlsx"
    ),
    path(
        "money/months/<uuid:statement_id>/lines/<uuid:line_id>/contest/",
        portal_months.month_contest,
        name="month_contest",
    ),
    path("money/months/<uuid:statement_id>/files/<uuid:file_id>/", portal_months.month_evidence, name="month_evidence"),
]
