from django.db import models


class Order(models.Model):
    note = models.CharField(max_length=20)
    amount = models.DecimalField(max_digits=9, decimal_places=1)
    status = models.IntegerField(null=True)
    city = models.CharField(max_length=9, default="100% 'so'")

    class Meta:
        indexes = [models.Index(fields=["status"], name="by_status")]
