# Downloads what requirements.lock names, by hash, and installs of it only what the server needs, from the
# verified files and no other place.
FROM python:3.13-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements.lock ./
RUN pip download --quiet --only-binary :all: --no-deps --require-hashes -r requirements.lock -d /wheels
COPY pyproject.toml ./
COPY contracts contracts
COPY sync sync
COPY backend backend
RUN python -m venv /opt/padsync \
 && /opt/padsync/bin/pip install --quiet --no-index --find-links /wheels . \
 && /opt/padsync/bin/pip check \
 && /opt/padsync/bin/pip uninstall --quiet --yes pip

FROM python:3.13-slim-bookworm

RUN useradd --system --uid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin padsync \
 && install -d -o padsync -g padsync -m 0700 /data
COPY --from=build /opt/padsync /opt/padsync

ENV PATH=/opt/padsync/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PADSYNC_DATA_DIR=/data \
    PADSYNC_HOST=0.0.0.0 \
    PADSYNC_PORT=8000

USER padsync
WORKDIR /data
VOLUME /data
EXPOSE 8000

HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PADSYNC_PORT\"]}/health/ready', timeout=4)"]

CMD ["padsync", "serve", "--migrate"]
