/** One Dockerfile of all that every one of the five can build, to compare what they make of it. */
import type { OwnCase } from "../case.ts";

export const RICH: OwnCase = {
  id: "trees",
  title: "One Dockerfile, five builders",
  files: {
    "plain.txt": "plain\n",
    "added.txt": "added\n",
    "owned/run": { content: "run\n", mode: 0o755 },
    "owned/secret": { content: "secret\n", mode: 0o400 },
    "owned/removed.txt": "removed\n",
    "owned/private": { directory: true, mode: 0o700 },
    "names/ünïcödé-名前.txt": "named\n",
    "names/with space.txt": "spaced\n",
    "links/real": "real\n",
    "links/near": { symlink: "real" },
    "links/dangling": { symlink: "../nowhere" },
  },
  dockerfile: String.raw`ARG BASE=@base@
FROM $BASE AS made
RUN mkdir -p /made/empty /made/sub && echo tool > /made/tool && chmod 4755 /made/tool && ln -s tool /made/link \
  && echo own > /made/sub/own && chown -R 60000:60000 /made/sub
FROM $BASE
ENV APP=/app GREETING="hello there"
LABEL org.example.name=trees org.example.greeting="$GREETING"
WORKDIR $APP/work
COPY @id@/plain.txt /app/
COPY --chown=1000:2000 @id@/owned /app/owned
COPY @id@/names /app/names
COPY @id@/links /app/links
COPY --from=made /made /app/made
COPY --from=@capable@ /with-capability /app/
ADD @id@/added.txt ../added.txt
RUN echo made > made.txt && chmod 640 made.txt && chown 60000:60001 made.txt && ln made.txt hard.txt \
  && ln -s ../plain.txt soft.txt && mkdir empty && mkdir -m 1777 sticky && mkfifo -m 640 pipe \
  && touch suid sgid && chmod 4755 suid && chmod 2755 sgid
RUN rm /bin/tac /app/owned/removed.txt
RUN chmod 600 /app/plain.txt && mkdir -m 777 /open /data && echo before > /data/before
VOLUME /data
RUN echo after > /data/after
USER nobody
WORKDIR /late
RUN id -u > /open/uid && pwd > /open/where
EXPOSE 8080
HEALTHCHECK --interval=5s --retries=2 CMD ["test", "-e", "/ok"]
ENTRYPOINT ["/app/made/tool"]
CMD ["serve", "a b"]`,
  expect: {},
};
