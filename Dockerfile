# wardtrack in a container: docker-compose.yml builds and runs it. Base images are arguments, so that a mirror or a
# scanned copy can take their place: docker build --build-arg RUNTIME_IMAGE=registry.example/debian:bookworm-slim .
ARG NODE_IMAGE=node:22-bookworm-slim
ARG RUST_IMAGE=rust:1.95-slim-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

# Browser-side files of others, pinned by the lock file.
FROM ${NODE_IMAGE} AS vendor
WORKDIR /static
COPY static/package.json static/package-lock.json static/.npmrc static/copy-vendor.mjs ./
RUN npm ci --no-audit --no-fund

FROM ${RUST_IMAGE} AS build
WORKDIR /src
COPY . .
COPY --from=vendor /static/vendor static/vendor
# The toolchain of the image is used: rust-toolchain.toml is not copied (.dockerignore), it would download another.
RUN cargo build --locked --release --bin wardtrack && strip target/release/wardtrack

FROM ${RUNTIME_IMAGE} AS runtime
# A fixed number, so that orchestrators can see without looking inside that it is not root.
RUN groupadd --system --gid 10001 wardtrack \
 && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin wardtrack
COPY --from=build /src/target/release/wardtrack /usr/local/bin/wardtrack
COPY docker/health /usr/local/bin/wardtrack-health
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/wardtrack/
COPY --from=vendor /static/vendor/*.txt /usr/share/doc/wardtrack/vendor/
USER 10001:10001
# Nothing is written to the file system: state is in Postgres and RabbitMQ, logs go to standard output.
WORKDIR /tmp
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["wardtrack"]
CMD ["--help"]
