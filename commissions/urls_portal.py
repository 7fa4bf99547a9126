"""The portal's addresses of money and contests; mounted in the namespace `portal`."""

from django.urls import path

from commissions import portal_advances, portal_contests, portal_views

urlpatterns = [
    path("ranking/contests/", portal_contests.contest_standings, name="contest_standings"),
    path("money/", portal_views.money, name="money"),
    path("money/advances/", portal_advances.advances, name="advances"),
    path("money/statements/", portal_views.statements, name="statements"),
    path("money/statements/<uuid:line_id>/", portal_views.statement, name="statement"),
    path("money/statements/<uuid:line_id>/statement.pdf", portal_views.statement_file, name="statement_file"),
]
