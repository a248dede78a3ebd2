# Webull's worker, by its own lock: the SDK's pins (protobuf 4.21.12, grpcio 1.51.1) are in this image alone.
FROM python:3.11-slim-bookworm AS build
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX
ENV UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 UV_LINK_MODE=copy UV_PROJECT_ENVIRONMENT=/opt/janus
RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --quiet --no-cache-dir uv
WORKDIR /src
COPY libs/janus_common libs/janus_common
COPY services/webull_worker services/webull_worker
RUN /opt/uv/bin/uv sync --quiet --frozen --no-default-groups --no-editable --compile-bytecode \
        --project services/webull_worker

FROM python:3.11-slim-bookworm
COPY --from=build /opt/janus /opt/janus
RUN mkdir /data && chown 10001:10001 /data
ENV PATH=/opt/janus/bin:$PATH
WORKDIR /data
USER 10001:10001
