# One image for all services (target `service`), and one that adds the emulators (target `devstack`).

FROM python:3.11-slim AS builder
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_PYTHON=/usr/local/bin/python3.11 \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
WORKDIR /build
COPY pyproject.toml uv.lock README.md LICENSE ./
# The dependencies first: they change less often than our code.
RUN uv sync --frozen --no-default-groups --extra otel --no-install-project
COPY shared shared
COPY services services
RUN uv sync --frozen --no-default-groups --extra otel --no-editable
COPY tools/healthcheck.py /opt/healthcheck.py
# Modes here and below are ours, whatever they are where the repository lies.
RUN chmod -R a+rX,go-w /opt

FROM builder AS devstack-builder
RUN uv sync --frozen --no-default-groups --extra otel --group devstack --no-editable
COPY devstack /opt/devstack/devstack
RUN chmod -R a+rX,go-w /opt

FROM python:3.11-slim AS runtime
# The interpreter is all that is needed; what installs packages goes.
RUN pip uninstall --yes --quiet --root-user-action=ignore pip setuptools wheel \
    && groupadd --gid 10001 huleedu \
    && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home --home-dir /data \
        --shell /usr/sbin/nologin huleedu \
    && install -d -o huleedu -g huleedu -m 0750 /data
# A service listens on the loopback unless told otherwise, and a container's own serves nobody.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    API_GATEWAY_HOST=0.0.0.0 \
    BFF_TEACHER_SERVICE_HOST=0.0.0.0 \
    BFF_ADMIN_SERVICE_HOST=0.0.0.0 \
    CONFIG_SERVICE_HOST=0.0.0.0
COPY --from=builder /opt/healthcheck.py /opt/healthcheck.py
# SQLite files with a relative name lie here; all else may be read-only.
WORKDIR /data
VOLUME /data
USER 10001:10001

FROM runtime AS devstack
COPY --from=devstack-builder /opt/venv /opt/venv
COPY --from=devstack-builder /opt/devstack /opt/devstack
ENV PYTHONPATH=/opt/devstack \
    DEVSTACK_HOST=0.0.0.0 \
    DEVSTACK_DATA_DIR=/data
# For the port of the command below; docker-compose.yml has one for each service.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "/opt/healthcheck.py", "4003"]
CMD ["python", "-m", "devstack.emulators.ras"]

# The last target, so that a build without one makes the image that ships.
FROM runtime AS service
COPY --from=builder /opt/venv /opt/venv
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "/opt/healthcheck.py", "4101"]
CMD ["python", "-m", "services.bff_teacher"]
