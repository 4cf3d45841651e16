# The service as an image: `docker build -t assistant-architect .`
# With the bundled language model (130 MB more): `--build-arg LOCAL_MODEL=1`.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
ARG LOCAL_MODEL=0
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ONLY_BINARY=:all:
WORKDIR /build
RUN python -m venv /opt/assistant-architect && python -m venv /opt/build

# What it stands on, by name, version and hash; nothing else gets in. Changes seldom, so it is a layer of its own.
COPY requirements/ requirements/
RUN /opt/assistant-architect/bin/pip install --require-hashes --no-deps -r requirements/run.lock
# hadolint ignore=DL3059
RUN if [ "$LOCAL_MODEL" = 1 ]; then \
        /opt/assistant-architect/bin/pip install --require-hashes --no-deps -r requirements/local.lock; \
    fi

COPY pyproject.toml README.md LICENSE ./
COPY app/ app/
COPY lib/ lib/
COPY migrations/ migrations/
RUN /opt/build/bin/pip install --require-hashes --no-deps -r requirements/build.lock \
    && /opt/build/bin/python -m hatchling build -t wheel -d dist \
    && /opt/assistant-architect/bin/pip install --no-index --no-deps dist/*.whl \
    && /opt/assistant-architect/bin/pip uninstall --yes pip


FROM python:${PYTHON}-slim
# A user without a name to log in by; /data is all that it may write.
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin architect \
    && install -d -o architect -g architect -m 0700 /data
COPY --from=build /opt/assistant-architect /opt/assistant-architect
# The root file system may be read-only: nothing is compiled at run time, and what is temporary goes to /tmp.
ENV PATH=/opt/assistant-architect/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    AA_DATA_DIR=/data \
    AA_HOST=0.0.0.0 \
    AA_LOG_FORMAT=json
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; port = os.environ.get('AA_HEALTH_PORT') or os.environ.get('AA_PORT') or 8000; web.urlopen(f'http://127.0.0.1:{port}/livez', timeout=2)"]
ENTRYPOINT ["assistant-architect"]
CMD ["serve"]
