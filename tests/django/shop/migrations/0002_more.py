from django.db import migrations, models
from zosc_django import Online


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        Online(migrations.AddField("order", "status", models.IntegerField(null=True))),
        Online(migrations.AddField("order", "city", models.CharField(default="100% 'so'", max_length=9))),
        # The way forth may be gone again, so the table that the first way has kept is in its way.
        Online(migrations.AddIndex("order", models.Index(fields=["status"], name="by_status")), ["--drop-kept"]),
        Online(
            migrations.RunSQL(
                ["-- a comment", "ALTER TABLE shop_order ADD COLUMN `it's` varchar(9) DEFAULT '100%s'",
                 "UPDATE shop_order SET status = 7"],
                "ALTER TABLE shop_order DROP COLUMN `it's`",
            )
        ),
    ]
