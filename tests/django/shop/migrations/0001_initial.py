from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("note", models.CharField(max_length=20)),
                ("amount", models.DecimalField(decimal_places=4, max_digits=9)),
            ],
        ),
        migrations.RunSQL("INSERT INTO shop_order (note, amount) VALUES ('a', 1.2345), ('it''s', 2)", ""),
    ]
