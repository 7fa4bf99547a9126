from django.db import migrations, models
from django.db.models.functions import Lower


def tell_apart(apps, schema_editor):
    """Of user names that differ by case only nobody could sign in: the later ones get a number."""
    accounts = apps.get_model("accounts", "User").objects.using(schema_editor.connection.alias)
    people = list(accounts.order_by("date_joined", "pk").values_list("pk", "username"))
    given, taken = {username.lower() for _, username in people}, set()
    for pk, username in people:
        name, number = username, 1
        while name.lower() in taken or (number > 1 and name.lower() in given):
            number += 1
            name = f"{username[:140]}-{number}"
        if name != username:
            accounts.filter(pk=pk).update(username=name)
        taken.add(name.lower())


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_sign_in_phone")]

    operations = [
        migrations.RunPython(tell_apart, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(Lower("username"), name="username_once_in_any_case"),
        ),
    ]
