import { type OwnServer, USER } from './ownServer.ts'

const LIST = {
  mysql: (user: string) => `select id from information_schema.processlist where user = '${user}'`,
  postgresql: (user: string) => `select pid as id from pg_stat_activity where usename = '${user}'`,
}

/** Does something to each connection that Gatehouse has there, as its administrator may. */
export async function toEachOfOurs(
  server: OwnServer,
  command: (id: number) => string,
  user = USER,
): Promise<void> {
  for (const row of await server.execute(LIST[server.kind](user))) {
    // One may just be leaving by itself.
    await server.execute(command(Number(row['id']))).catch(() => undefined)
  }
}

export async function endAllOfOurs(server: OwnServer, user = USER): Promise<void> {
  const end = {
    mysql: (id: number) => `kill connection ${id}`,
    postgresql: (id: number) => `select pg_terminate_backend(${id})`,
  }
  await toEachOfOurs(server, end[server.kind], user)
}
