"""Django behind the gateway: gunicorn django_app:guarded."""

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import JsonResponse
from django.urls import path

from gateline_guard import Guard, GuardWSGI


def whoami(request):
    return JsonResponse({"proven_by": request.environ["gateline.identity"].by})


class Urls:
    urlpatterns = (path("whoami", whoami),)


settings.configure(ROOT_URLCONF=Urls, ALLOWED_HOSTS=["*"])
django.setup()
guarded = GuardWSGI(WSGIHandler(), Guard(secret_environment="API_GATEWAY_SECRET"))
