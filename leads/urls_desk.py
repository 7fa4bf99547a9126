"""The desk's addresses; mounted in the namespace `desk`."""

from django.urls import path

from leads.views import (
    desk,
    desk_care,
    desk_code,
    desk_deals,
    desk_duty,
    desk_papers,
    desk_roster,
    desk_scan,
    desk_visit,
)

urlpatterns = [
    path("", desk.today, name="today"),
    path("board/", desk.board, name="board"),
    path("find/", desk.find, name="find"),
    path("scan/", desk_scan.scan, name="scan"),
    path("q/<str:token>/", desk.slip, name="slip"),
    path("natural/", desk_visit.natural_visit, name="natural_visit"),
    path("duty/", desk_duty.duty, name="duty"),
    path("duty/<uuid:consultant_id>/", desk_duty.switch, name="duty_switch"),
    path("roster/", desk_roster.roster, name="roster"),
    path("care/", desk_care.care, name="care"),
    path("consultants/<uuid:consultant_id>/leave/", desk_care.leave, name="leave"),
    path("referrals/<uuid:referral_id>/take/", desk_care.take, name="take"),
    path("referrals/<uuid:referral_id>/follow-up/", desk_care.contact, name="follow_up"),
    path("referrals/<uuid:referral_id>/", desk.referral, name="referral"),
    path("referrals/<uuid:referral_id>/confirm/", desk_visit.confirm, name="confirm"),
    path("referrals/<uuid:referral_id>/code/", desk_code.code, name="code"),
    path("referrals/<uuid:referral_id>/consultant/", desk_visit.assign, name="assign"),
    path("referrals/<uuid:referral_id>/slip.pdf", desk_visit.slip_pdf, name="slip_pdf"),
    path("visits/<uuid:visit_id>/", desk_visit.outcome, name="visit"),
    path("visits/<uuid:visit_id>/sign/", desk_papers.sign, name="sign"),
    path("visits/<uuid:visit_id>/sheet/", desk_papers.sheet, name="sheet"),
    path("papers/<uuid:paper_id>/", desk_papers.paper, name="paper"),
    path("deals/", desk_deals.deals, name="deals"),
    path("deals/new/", desk_deals.subscribe, name="deal_new"),
    path("deals/<uuid:deal_id>/", desk_deals.deal, name="deal"),
]
