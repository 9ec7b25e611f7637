# The agent: kubeactions, without a shell script, without anything that only tests need, as a user that is not root.
#
#   docker build --tag kubeactions:0.1.0 .
#
# Reproducible: packages by the hashes of requirements.lock, no timestamps but SOURCE_DATE_EPOCH, bytecode that is checked
# by nobody's clock. Give the base by digest (BASE=docker.io/library/python@sha256:...) and the same sources make the
# same layer. RUNTIME may be a smaller base of the same Python (a distroless one: nothing is run in it while building).
ARG BASE=docker.io/library/python:3.13-slim-bookworm
ARG RUNTIME=${BASE}

FROM ${BASE} AS build
ARG SOURCE_DATE_EPOCH=1700000000
ENV SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONHASHSEED=0
WORKDIR /build
COPY pyproject.toml requirements.lock README.md LICENSE ./
COPY scripts/locked.py scripts/locked.py
# Packages first: this layer is built again only when the lock file changes.
RUN python3 scripts/locked.py run >run.lock && python3 scripts/locked.py build >build.lock && \
    python3 -m pip install --quiet --no-compile --no-deps --require-hashes --root-user-action ignore \
      --target /opt/kubeactions -r run.lock && \
    python3 -m pip install --quiet --no-compile --no-deps --require-hashes --root-user-action ignore \
      --target /opt/tools -r build.lock
COPY kubeactions kubeactions
COPY backends backends
# Bytecode is made here, since nothing can be written later; then every file gets the one timestamp there is. The
# official client's asyncio twin, the bytecode of its models and typed APIs and a library's tests go: nothing here imports
# those 90 MB.
RUN PYTHONPATH=/opt/tools python3 -m pip install --quiet --no-compile --no-deps --no-build-isolation \
      --root-user-action ignore --target /opt/kubeactions . && \
    rm -rf /opt/kubeactions/bin /opt/kubeactions/kubernetes/aio /opt/kubeactions/websocket/tests && \
    python3 -m compileall -q --invalidation-mode unchecked-hash -x 'kubernetes/client/(models|api)/' /opt/kubeactions && \
    python3 -c "import os; t = int(os.environ['SOURCE_DATE_EPOCH']); [os.utime(os.path.join(d, n), (t, t), follow_symlinks=False) for d, _, names in os.walk('/opt/kubeactions', topdown=False) for n in [*names, '.']]"

FROM ${RUNTIME}
LABEL org.opencontainers.image.title="kubeactions" \
      org.opencontainers.image.description="One-time Kubernetes actions, executed once by an elected leader" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/kubeactions /opt/kubeactions
ENV PYTHONPATH=/opt/kubeactions PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# A number, so that `runAsNonRoot` can be checked; it needs no name, no home and nothing to write to.
USER 65532:65532
WORKDIR /
ENTRYPOINT ["python3", "-m", "kubeactions"]
CMD ["--help"]
