# Postgres as it comes, run by its own user from the first line on, its password from a file.
FROM postgres:18-alpine
USER root
RUN mkdir /data && chown postgres /data
COPY deploy/postgres-start /usr/local/bin/postgres-start
WORKDIR /data
USER postgres
ENTRYPOINT ["/bin/sh", "/usr/local/bin/postgres-start"]
CMD []
