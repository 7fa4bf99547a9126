"""Agencies from files: one row each, found by its code, through the services."""

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.models import Agency
from brokers.selectors import spelt
from brokers.services.agencies import create_agency
from brokers.services.changes import change_agency, shown
from channels_platform.adminkit.sheets import SheetColumn, SheetFormat, SheetResource
from channels_platform.lib import clock
from channels_platform.lib.sheets import plain_heading

_KINDS = {
    "onsite": "现场代理 二级代理 驻场代理 onsite onsiteagency",
    "referral": "中介 三级中介 外围分销 分销 referral referralagency",
    "community": "全民经纪人 个人 community individuals",
    "platform": "电商平台 平台 platform",
}
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words.split()}


class AgencySheet(SheetFormat):
    columns = (
        SheetColumn("code", gettext_lazy("Code"), "编号 代码 编码 渠道编号 渠道代码 code agencycode", key=True),
        SheetColumn(
            "name",
            gettext_lazy("Agency name"),
            "名称 渠道公司 渠道公司名称 公司名称 渠道 name agency agencyname",
            required=True,
            width=32,
        ),
        SheetColumn("kind", gettext_lazy("Kind"), "类型 类别 渠道类型 种类 kind type", required=True),
        SheetColumn(
            "licence_no",
            gettext_lazy("Licence number"),
            "营业执照号 执照号 执照号码 统一社会信用代码 licenceno licencenumber licensenumber",
            width=26,
        ),
        SheetColumn(
            "licence_until",
            gettext_lazy("Licence valid until"),
            "执照有效期至 有效期至 执照到期日 licenceuntil licencevaliduntil licensevaliduntil",
        ),
        SheetColumn("bank_name", gettext_lazy("Bank"), "开户行 银行 bank bankname", width=26),
        SheetColumn(
            "bank_account", gettext_lazy("Bank account"), "银行账号 账号 收款账号 bankaccount account", width=26
        ),
    )
    most_rows = 500


class AgencyResource(SheetResource):
    """Bank accounts are changed by what a cell says, never by an empty one; the preview shows their ends."""

    sheet = AgencySheet

    class Meta:
        model = Agency
        fields = tuple(column.field for column in AgencySheet.columns)
        import_id_fields = ("code",)

    def find(self, given: dict[str, Any]) -> Agency | None:
        return Agency.objects.filter(code=given["code"]).first()

    def keep(self, instance: Agency | None, given: dict[str, Any]) -> Agency:
        if instance is None:
            return create_agency(actor=self.actor, **given)
        return change_agency(actor=self.actor, agency=instance, **given)

    def label(self, instance: Agency, given: dict[str, Any]) -> str:
        return f"{instance.code} · {instance.name}"

    def shown(self, field: str, value: Any) -> str:
        return str(Agency.Kind(value).label) if field == "kind" else shown(field, value)

    def read_kind(self, text: str, row: Any) -> str:
        known = {plain_heading(str(label)): value for value, label in Agency.Kind.choices}
        kind = {**_KIND_OF, **known}.get(plain_heading(text))
        if kind is None:
            raise ValueError(_("Write one of: %(kinds)s.") % {"kinds": ", ".join(map(str, Agency.Kind.labels))})
        return kind

    def read_licence_no(self, text: str, row: Any) -> str:
        return spelt(text)

    def read_licence_until(self, text: str, row: Any) -> date:
        try:
            return clock.read_local(text).date()
        except ValueError as wrong:
            raise ValueError(_("Write a day like 2026-12-31.")) from wrong
