# One image for API, worker, migrations and the operators' command line: docker-compose.yml says which of them runs.
ARG NODE=24.21.0-trixie-slim

FROM node:${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build

FROM node:${NODE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# The engine's native part comes for five platforms at 30 MB each; this image runs on one.
RUN npm ci --omit=dev \
  && platform="$(node -p "({ x64: 'x86_64', arm64: 'aarch64' })[process.arch]")-unknown-linux-gnu" \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 ! -name "$platform" -exec rm -r {} + \
  && test -d "node_modules/@temporalio/core-bridge/releases/$platform"

FROM node:${NODE}
LABEL org.opencontainers.image.title=veza org.opencontainers.image.version=0.1.0
ENV NODE_ENV=production
WORKDIR /app
COPY package.json ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# A new volume takes its owner from here.
RUN mkdir -p /var/lib/veza/files && chown -R 1000:1000 /var/lib/veza
# The image's user `node`, by number: an orchestrator that demands a user other than root can then see that it is.
USER 1000:1000
# Alive, not ready: a database that is away is no reason to restart the API. Other processes of the image switch it off.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT ?? 3000}/health`).then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "dist/server.js"]
