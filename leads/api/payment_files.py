"""Files of payments over HTTP: read, and taken over by a job that tells what became of each row."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from channels_platform.accounts.permissions import Can
from channels_platform.http.api import JobOut
from channels_platform.http.fields import Text
from channels_platform.http.problems import Problem, field_error
from channels_platform.http.sheet_forms import FAULTS
from channels_platform.http.views import ApiView, named, read
from channels_platform.lib.errors import Invalid
from channels_platform.lib.sheets import LARGEST
from leads.payment_selectors import visible_sources
from leads.services.payment_files import project_of_file, read_file, start_taking
from projects.selectors import visible_projects


class PaymentFileIn(serializers.Serializer[Any]):
    file = serializers.FileField(
        max_length=200, allow_empty_file=True, help_text=_("XLSX or CSV (UTF-8, GB18030), up to 2 MB and 20,000 rows.")
    )
    project = Text(
        max_length=60, required=False,
        help_text=_("Code. Left out: the only project of yours, or the one that all deals named in the file are of."),
    )  # fmt: skip
    source = Text(
        max_length=60, required=False, help_text=_("Name of a source of the project, for how the file reads.")
    )
    dry_run = serializers.BooleanField(required=False, help_text=_("Only say what would become of each row."))


class PaymentImportView(ApiView):
    needs = {"POST": Can.RECORD_PAYMENT}
    parser_classes = [MultiPartParser]

    @extend_schema(request={"multipart/form-data": PaymentFileIn}, responses={202: JobOut})
    def post(self, request: Request) -> Response:
        """Payments out of a file. The job's `report` has counts by state and the first rows, its result all of them.

        A reference that the project knows is `same`: twice the same file changes nothing. Rows that fit no deal wait
        for a person.
        """
        asked = read(request, PaymentFileIn)
        projects = visible_projects(request.user)
        data = asked["file"].read(LARGEST + 1)
        try:
            if "project" in asked:
                project = named(projects, field="project", code=asked["project"])
            else:
                project = project_of_file(data=data, projects=list(projects))
            source = None
            if "source" in asked:
                of_project = visible_sources(request.user).filter(project=project)
                source = named(of_project, field="source", name=asked["source"])
            kept = read_file(actor=request.user, project=project, name=asked["file"].name, data=data, source=source)
        except Invalid as refused:
            field = refused.field or "file"
            words = FAULTS.get(refused.code, refused.detail)
            raise Problem(422, refused.code, errors=[field_error(field, refused.code, words)]) from refused
        job = start_taking(actor=request.user, file=kept, dry_run=asked.get("dry_run", False))
        at = reverse("api:job", args=[job.pk])
        return Response(JobOut(job, context={"request": request}).data, status=202, headers={"Location": at})
