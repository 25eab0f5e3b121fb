"""A project whose migrations go through zosc, or not: ONLINE says it."""

import os

import pymysql

pymysql.install_as_MySQLdb()

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.mysql",
        "HOST": os.environ["AT"],
        "PORT": os.environ["PORT"],
        "USER": os.environ["USER"],
        "NAME": os.environ["SCHEMA"],
    }
}
INSTALLED_APPS = ["shop"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
ZOSC = os.environ["ONLINE"] == "yes"
