"""All settings, out of the environment: .env.example says what each variable means.

Every door into Django passes through here, so this is where the embedded services are asked for.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from channels_platform import embedded, env, logs, unfold
from channels_platform.lib import evidence

BASE_DIR = Path(__file__).resolve().parent.parent
env.load(BASE_DIR / ".env")

STAGE = env.stage()
PRODUCTION = STAGE == env.Stage.PRODUCTION
TESTING = STAGE == env.Stage.TEST

DEBUG = env.flag("DEBUG", STAGE == env.Stage.DEVELOPMENT)
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG must be off in production.")

# --- keys -----------------------------------------------------------------------------------------------

SECRET_KEY = env.secret("SECRET_KEY", stage=STAGE)
PII_ENCRYPTION_KEYS = env.keys("PII_ENCRYPTION_KEYS", stage=STAGE)
PHONE_INDEX_KEYS = env.keys("PHONE_INDEX_KEYS", stage=STAGE)
# Signs evidence packs (Ed25519). Who checks one needs only its public part.
EVIDENCE_KEY = env.secret("EVIDENCE_KEY", stage=STAGE, make=evidence.new_key)
try:
    evidence.public_key(EVIDENCE_KEY)
except ValueError as error:
    raise ImproperlyConfigured(f"EVIDENCE_KEY: {error}.") from error

# How long a client who ended without a deal is kept by name and phone.
PERSONAL_DATA_DAYS = env.integer("PERSONAL_DATA_DAYS", 730)

# How long a filing's device and network are kept, as digests, for risk signals to look back at.
FILING_ORIGIN_DAYS = env.integer("FILING_ORIGIN_DAYS", 90)

# Disputes: days to decide one, days to appeal once, and the value (price x what changes hands, in the project's
# currency) above which a second manager approves.
DISPUTE_DECIDE_DAYS = env.integer("DISPUTE_DECIDE_DAYS", 5)
DISPUTE_APPEAL_DAYS = env.integer("DISPUTE_APPEAL_DAYS", 7)
DISPUTE_APPROVAL_ABOVE = env.integer("DISPUTE_APPROVAL_ABOVE", 5_000_000)

# By how many days a manager may extend protection in one act.
PROTECTION_EXTENSION_DAYS = env.integer("PROTECTION_EXTENSION_DAYS", 60)

# --- apps -----------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "channels_platform.privacy",
    "channels_platform.accounts",
    "channels_platform.audit",
    "channels_platform.jobs",
    "channels_platform.http",
    "channels_platform.files",
    "channels_platform.notices",
    "projects",
    "brokers",
    "leads",
    "commissions",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "import_export",
    "channels_platform.adminkit.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "pgtrigger",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "django_htmx",
    "template_partials",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_structlog",
]
if TESTING:
    INSTALLED_APPS.append("zeal")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "channels_platform.middleware.CompressPages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "channels_platform.middleware.audit_request_id",
    "channels_platform.middleware.portal_device",
    "channels_platform.accounts.middleware.user_language",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "channels_platform.middleware.ContentPolicy",
    "channels_platform.middleware.admin_content_policy",
    "channels_platform.middleware.permissions_policy",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "channels_platform.urls"
WSGI_APPLICATION = "channels_platform.wsgi.application"
ASGI_APPLICATION = "channels_platform.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"ui": "channels_platform.templatetags.ui"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
UNFOLD = unfold.SETTINGS
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- where data is --------------------------------------------------------------------------------------

# Off behind a pooler that shares connections between transactions (PgBouncer in transaction mode).
DATABASE_PREPARE = env.flag("DATABASE_PREPARE", True)
# What we prepare ourselves is planned once for good: left alone, PostgreSQL would plan some of it at each run.
_planning = "-c plan_cache_mode=force_generic_plan" if DATABASE_PREPARE else ""
DATABASES = {
    "default": {
        **environ.Env.db_url_config(env.database_url(stage=STAGE)),
        "CONN_MAX_AGE": env.integer("DATABASE_CONN_MAX_AGE", 0 if TESTING else 60),
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": {"connect_timeout": 10, "options": f"-c lock_timeout=30000 {_planning}".strip()},
        "TEST": {
            "NAME": env.text("TEST_DATABASE_NAME", "test_channels"),
            "TEMPLATE": env.text("TEST_DATABASE_TEMPLATE", ""),
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.redis_url(stage=STAGE)
# Several test runs, and the product itself, may share one Redis: each has its own names there.
REDIS_PREFIX = env.text("REDIS_PREFIX", env.test_prefix() if TESTING else "channels")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": REDIS_PREFIX,
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(embedded.data_dir() / "media")))
MEDIA_URL = "/media/"

# --- people ---------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_ADAPTER = "channels_platform.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "channels_platform.accounts.forms.LoginForm",
    "change_password": "channels_platform.accounts.forms.ChangePasswordForm",
    "reset_password": "channels_platform.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "channels_platform.accounts.forms.ResetPasswordKeyForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_PREVENT_ENUMERATION = True
# Nobody can make us write to addresses we do not know.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_RATE_LIMITS: dict[str, str] = {
    "login": "60/m/ip",
    "login_failed": "30/m/ip,5/300s/key",
    "apply": "10/h/ip",
    "signup": "60/h/ip",
}
# A code of the half minute just past still counts: people type slowly, clocks differ.
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {"authenticate": "channels_platform.accounts.forms.SecondFactorForm"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG

# --- languages and time ---------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
FORMAT_MODULE_PATH = ["channels_platform.date_formats"]
TIME_ZONE = env.text("TIME_ZONE", "Asia/Shanghai")

# --- files served ---------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
_static_backend = (
    "whitenoise.storage.CompressedManifestStaticFilesStorage"
    if PRODUCTION
    else "django.contrib.staticfiles.storage.StaticFilesStorage"
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _static_backend},
}
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = DEBUG

# --- security -------------------------------------------------------------------------------------------

ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS", [] if PRODUCTION else ["*"])
CSRF_TRUSTED_ORIGINS = env.listing("CSRF_TRUSTED_ORIGINS", [])
TRUSTED_PROXY_COUNT = env.integer("TRUSTED_PROXY_COUNT", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", 31_536_000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
LANGUAGE_COOKIE_HTTPONLY = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- mail -----------------------------------------------------------------------------------------------

EMAIL_FILE_PATH = str(embedded.data_dir() / "mail")
_email = environ.Env.email_url_config(env.text("EMAIL_URL", "" if PRODUCTION else "filemail://") or "consolemail://")
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _email.get("EMAIL_HOST") or "localhost", _email.get("EMAIL_PORT") or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_USER") or "", _email.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = bool(_email.get("EMAIL_USE_TLS")), bool(_email.get("EMAIL_USE_SSL"))
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Channels <no-reply@localhost>")
SITE_URL = env.text("SITE_URL", f"http://{env.text('HOST', '127.0.0.1')}:{env.integer('PORT', 8000)}").rstrip("/")

# Where group robots may be: what staff type in as a robot's address goes nowhere else.
ROBOT_HOSTS = env.listing(
    "ROBOT_HOSTS", ["qyapi.weixin.qq.com", "oapi.dingtalk.com", "open.feishu.cn", "open.larksuite.com"]
)

# --- text messages --------------------------------------------------------------------------------------

SMS_BACKEND = env.choice("SMS_BACKEND", "off" if PRODUCTION else "file", among=["off", "file", "http"])
if PRODUCTION and SMS_BACKEND == "file":
    raise ImproperlyConfigured("SMS_BACKEND=file keeps clients' numbers in a plain file: not in production.")
SMS_FILE = env.text("SMS_FILE", str(embedded.data_dir() / "sms" / "sent.jsonl"))
SMS_URL, SMS_TOKEN = (env.required("SMS_URL"), env.required("SMS_TOKEN")) if SMS_BACKEND == "http" else ("", "")
if SMS_URL and not SMS_URL.startswith(("https://", "http://127.0.0.1:")):
    raise ImproperlyConfigured("SMS_URL must be https.")
SMS_LANGUAGE = env.choice("SMS_LANGUAGE", "zh-hans", among=[code for code, _name in LANGUAGES])

# --- API ------------------------------------------------------------------------------------------------

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "NUM_PROXIES": TRUSTED_PROXY_COUNT,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "EXCEPTION_HANDLER": "channels_platform.http.problems.exception_handler",
}
API_TOKEN_DAYS = env.integer("API_TOKEN_DAYS", 90)
API_REQUESTS_PER_MINUTE = env.integer("API_REQUESTS_PER_MINUTE", 6_000)
API_ANONYMOUS_PER_MINUTE = env.integer("API_ANONYMOUS_PER_MINUTE", 300)
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Channels",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "POSTPROCESSING_HOOKS": [],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- jobs -----------------------------------------------------------------------------------------------

TASK_TIME_LIMIT = 30 * 60
# A message unacknowledged for this long is given to another worker: longer than any task may take.
_visibility_timeout = 2 * TASK_TIME_LIMIT
_transport = {
    "visibility_timeout": _visibility_timeout,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "global_keyprefix": f"{REDIS_PREFIX}:celery:",
}
CELERY_BROKER_URL = CELERY_RESULT_BACKEND = env.celery_url(REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = _transport
CELERY_VISIBILITY_TIMEOUT = CELERY_REDIS_VISIBILITY_TIMEOUT = _visibility_timeout
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "channels"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = CELERY_TASK_RETRY_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = TASK_TIME_LIMIT
CELERY_TASK_SOFT_TIME_LIMIT = TASK_TIME_LIMIT - 60
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE
# Each line also says how long a run may be waited for: a tick nobody took in time is worth nothing later.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "heartbeat": {"task": "channels_platform.jobs.tasks.heartbeat", "schedule": 3, "options": {"expires": 10}},
    "sweep-outbox": {"task": "channels_platform.jobs.tasks.sweep_outbox", "schedule": 60, "options": {"expires": 60}},
    "forget-answers": {
        "task": "channels_platform.http.tasks.forget_stored_answers",
        "schedule": 3600,
        "options": {"expires": 3600},
    },
    "sweep-expiries": {"task": "leads.tasks.sweep_expiries", "schedule": 60, "options": {"expires": 60}},
    "send-reminders": {"task": "leads.tasks.send_reminders", "schedule": 300, "options": {"expires": 300}},
    "run-commissions": {"task": "commissions.tasks.run_commissions", "schedule": 900, "options": {"expires": 900}},
    "run-changed-projects": {
        "task": "commissions.tasks.run_changed_projects",
        "schedule": 15,
        "options": {"expires": 15},
    },
    "schedule-payouts": {"task": "commissions.tasks.schedule_payouts", "schedule": 600, "options": {"expires": 600}},
    "close-contest-rounds": {
        "task": "commissions.tasks.close_contest_rounds",
        "schedule": 600,
        "options": {"expires": 600},
    },
    "make-scheduled-reports": {
        "task": "commissions.tasks.make_scheduled_reports",
        "schedule": 600,
        "options": {"expires": 600},
    },
    "check-ledger": {
        "task": "commissions.tasks.check_ledger",
        "schedule": crontab(hour=2, minute=15),
        "options": {"expires": 3600},
    },
    "escalate-overdue": {"task": "leads.tasks.escalate_overdue", "schedule": 600, "options": {"expires": 600}},
    "find-signals": {"task": "leads.tasks.find_signals", "schedule": crontab(minute=40), "options": {"expires": 3600}},
    "confirm-individuals": {
        "task": "leads.tasks.confirm_individuals",
        "schedule": 3600,
        "options": {"expires": 3600},
    },
    "warn-of-ends": {
        "task": "brokers.tasks.warn_of_ends",
        "schedule": crontab(hour=0, minute=30),
        "options": {"expires": 3600},
    },
    "tell-of-events": {"task": "leads.tasks.tell_of_events", "schedule": 20, "options": {"expires": 20}},
    "deliver-notices": {
        "task": "channels_platform.notices.tasks.deliver_notices",
        "schedule": 30,
        "options": {"expires": 30},
    },
    "forget-notices": {
        "task": "channels_platform.notices.tasks.forget_notices",
        "schedule": crontab(hour=4, minute=20),
        "options": {"expires": 3600},
    },
    "forget-stray-files": {
        "task": "channels_platform.files.tasks.forget_stray_files",
        "schedule": crontab(hour=4, minute=10),
        "options": {"expires": 3600},
    },
    "erase-personal-data": {
        "task": "leads.tasks.erase_personal_data",
        "schedule": crontab(hour=3, minute=30),
        "options": {"expires": 3600},
    },
}

# --- logs -----------------------------------------------------------------------------------------------

LOGGING = logs.configure(
    level=env.text("LOG_LEVEL", "INFO" if PRODUCTION else "WARNING"), as_json=env.flag("LOG_JSON", PRODUCTION)
)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
# Its own believes whatever X-Forwarded-For says; our middleware counts the proxies.
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DEFAULT_EXCEPTION_REPORTER_FILTER = "channels_platform.logs.PersonalDataFilter"
