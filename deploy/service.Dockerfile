# One service of the workspace: docker build -f deploy/service.Dockerfile --build-arg PACKAGE=router .
# The same lock as everywhere, and of it only what PACKAGE needs. Runs as nobody in particular.
FROM python:3.11-slim-bookworm AS build
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX
ENV UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 UV_LINK_MODE=copy UV_PROJECT_ENVIRONMENT=/opt/janus
RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --quiet --no-cache-dir uv
WORKDIR /src
COPY pyproject.toml uv.lock ./
COPY libs libs
COPY services services
ARG PACKAGE
RUN /opt/uv/bin/uv sync --quiet --frozen --no-default-groups --no-editable --compile-bytecode \
        --package "janus-$(echo "${PACKAGE:?give --build-arg PACKAGE=router}" | tr _ -)"

FROM python:3.11-slim-bookworm
COPY --from=build /opt/janus /opt/janus
RUN mkdir /data && chown 10001:10001 /data
ENV PATH=/opt/janus/bin:$PATH
WORKDIR /data
USER 10001:10001
