"""The framework's floor: a bare DRF view making one SELECT and three ORM INSERTs, nothing else."""

import os
from typing import Any

from django.db import connection, models, transaction

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channels_platform.settings")

TABLE = "CREATE TABLE IF NOT EXISTS bench_row (id bigserial PRIMARY KEY, name text NOT NULL, number integer NOT NULL, at timestamptz NOT NULL DEFAULT now())"


class Row(models.Model):
    id = models.BigAutoField(primary_key=True)
    name = models.TextField()
    number = models.IntegerField()

    class Meta:
        app_label = "jobs"
        managed = False
        db_table = "bench_row"

    def __str__(self) -> str:
        return self.name


def make_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute(TABLE)


def urlpatterns() -> list[Any]:
    from django.urls import path
    from rest_framework.request import Request
    from rest_framework.response import Response
    from rest_framework.views import APIView

    from projects.models import Project

    class Bare(APIView):
        authentication_classes: list[Any] = []
        permission_classes: list[Any] = []

        def post(self, request: Request) -> Response:
            with transaction.atomic():
                project = Project.objects.get(code=request.data["project"])
                rows = [Row.objects.create(name=request.data["client_name"], number=n) for n in range(3)]
            return Response({"project": project.code, "ids": [row.pk for row in rows]}, status=201)

    return [path("bare/", Bare.as_view())]
