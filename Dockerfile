# Two images: all services (target `service`), and the same with the emulators (target `devstack`).

FROM python:3.11-slim AS builder
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_PYTHON=/usr/local/bin/python3.11 \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
WORKDIR /build
COPY pyproject.toml uv.lock README.md LICENSE ./
# Dependencies first: they change less often than the code.
RUN uv sync --frozen --no-default-groups --extra otel --no-install-project
COPY shared shared
COPY services services
RUN uv sync --frozen --no-default-groups --extra otel --no-editable
COPY tools/healthcheck.py /opt/healthcheck.py
# File modes here and below do not depend on those of the checkout.
RUN chmod -R a+rX,go-w /opt

FROM builder AS devstack-builder
RUN uv sync --frozen --no-default-groups --extra otel --group devstack --no-editable
COPY devstack /opt/devstack/devstack
RUN chmod -R a+rX,go-w /opt

FROM python:3.11-slim AS runtime
# Only the interpreter is needed: remove the package installers.
RUN pip uninstall --yes --quiet --root-user-action=ignore pip setuptools wheel \
    && groupadd --gid 10001 huleedu \
    && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home --home-dir /data \
        --shell /usr/sbin/nologin huleedu \
    && install -d -o huleedu -g huleedu -m 0750 /data
# The default address is the loopback, which cannot be reached from outside the container.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    API_GATEWAY_HOST=0.0.0.0 \
    BFF_TEACHER_SERVICE_HOST=0.0.0.0 \
    BFF_ADMIN_SERVICE_HOST=0.0.0.0 \
    CONFIG_SERVICE_HOST=0.0.0.0
COPY --from=builder /opt/healthcheck.py /opt/healthcheck.py
# SQLite files with a relative name are stored here; everything else may be read-only.
WORKDIR /data
VOLUME /data
USER 10001:10001

FROM runtime AS devstack
COPY --from=devstack-builder /opt/venv /opt/venv
COPY --from=devstack-builder /opt/devstack /opt/devstack
ENV PYTHONPATH=/opt/devstack \
    DEVSTACK_HOST=0.0.0.0 \
    DEVSTACK_DATA_DIR=/data
# For the port of the default command; docker-compose.yml has one per service.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "/opt/healthcheck.py", "4003"]
CMD ["python", "-m", "devstack.emulators.ras"]

# The last target, so that it is the default of `docker build`.
FROM runtime AS service
COPY --from=builder /opt/venv /opt/venv
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "/opt/healthcheck.py", "4101"]
CMD ["python", "-m", "services.bff_teacher"]
