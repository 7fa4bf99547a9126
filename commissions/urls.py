"""The addresses of the finance pages."""

from django.urls import path

from commissions.views import balances, batch_steps, batches, debts, exports, holds, paying, payments

app_name = "finance"
urlpatterns = [
    path("", balances.balances, name="balances"),
    path("balances.csv", exports.balances_csv, name="balances_csv"),
    path("balances/<uuid:payee_id>/<uuid:project_id>/", balances.balance, name="balance"),
    path("balances/<uuid:payee_id>/<uuid:project_id>/repayment/", debts.repayment_new, name="repayment_new"),
    path("balances/<uuid:payee_id>/<uuid:project_id>/write-off/", debts.write_off_new, name="write_off_new"),
    path("balances/<uuid:payee_id>/<uuid:project_id>/hold/", holds.hold_new, name="hold_new"),
    path("holds/", holds.holds, name="holds"),
    path("holds/<uuid:hold_id>/", holds.hold, name="hold"),
    path("owed/", debts.debts, name="debts"),
    path("write-offs/<uuid:write_off_id>/", debts.write_off, name="write_off"),
    path("batches/", batches.batches, name="batches"),
    path("batches/new/", batches.batch_new, name="batch_new"),
    path("batches/<uuid:batch_id>/", batches.batch, name="batch"),
    path("batches/<uuid:batch_id>/lines/<uuid:line_id>/", batches.line, name="line"),
    path("batches/<uuid:batch_id>/submit/", batch_steps.batch_step, {"name": "submit"}, name="batch_submit"),
    path("batches/<uuid:batch_id>/approve/", batch_steps.batch_step, {"name": "approve"}, name="batch_approve"),
    path("batches/<uuid:batch_id>/return/", batch_steps.batch_step, {"name": "return"}, name="batch_return"),
    path("batches/<uuid:batch_id>/void/", batch_steps.batch_step, {"name": "void"}, name="batch_void"),
    path("batches/<uuid:batch_id>/reissue/", batch_steps.batch_step, {"name": "reissue"}, name="batch_reissue"),
    path("batches/<uuid:batch_id>/pay/", paying.batch_pay, name="batch_pay"),
    path("batches/<uuid:batch_id>/export/xlsx/", exports.batch_export, {"form": "xlsx"}, name="batch_xlsx"),
    path("batches/<uuid:batch_id>/export/csv/", exports.batch_export, {"form": "csv"}, name="batch_csv"),
    path("batches/<uuid:batch_id>/export/bank/", exports.batch_export, {"form": "bank"}, name="batch_bank"),
    path("payments/", payments.payments, name="payments"),
    path("payments.csv", exports.payments_csv, name="payments_csv"),
    path("payments/new/", payments.payment_new, name="payment_new"),
]
