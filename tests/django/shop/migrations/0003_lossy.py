from django.db import migrations, models
from zosc_django import Online


class Migration(migrations.Migration):
    dependencies = [("shop", "0002_more")]
    operations = [
        Online(
            migrations.AlterField("order", "amount", models.DecimalField(decimal_places=1, max_digits=9)),
            ["--drop-kept"],
        ),
    ]
