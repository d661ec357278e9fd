# The command line in an image:
#
#     docker build -t etcd-leader .
#     docker run --rm --network host etcd-leader list
#
# `--target example` makes the image that examples/kubernetes deploys. NODE_IMAGE is any Debian with Node.js and npm.
ARG NODE_IMAGE=node:22-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts/build.mjs scripts/
COPY lib lib
COPY examples examples
RUN node scripts/build.mjs
# This stage has what the program needs to run, and nothing else.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE} AS base
# tini is process 1, because the command of `run` may leave processes behind, and Node does not reap processes of
# others. tini hands signals on to etcd-leader alone, which hands them on to the command's process group.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist/lib dist/lib
COPY package.json README.md LICENSE ./

# The service of examples/fastify.ts.
FROM base AS example
# fastify is a development dependency of the package, so npm would leave it out as long as package.json says so.
RUN npm pkg delete devDependencies && npm install --no-save --ignore-scripts --no-audit --no-fund fastify@5
COPY --from=build /app/dist/examples dist/examples
# The user is not root, and is given by number because Kubernetes' runAsNonRoot does not look up names.
USER 1000:1000
EXPOSE 3000
ENV HOST=0.0.0.0
ENTRYPOINT ["/usr/bin/tini", "--", "node", "/app/dist/examples/fastify.js"]

FROM base AS cli
USER 1000:1000
WORKDIR /
ENTRYPOINT ["/usr/bin/tini", "--", "node", "/app/dist/lib/cli/main.js"]
CMD ["--help"]
